"""Checkpoints as folders of files, `checkpoints/<step>/`, that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from ganbench.errors import StoreError, explain
from ganbench.store.folder import RunFolder, replace_file, sync_folder


def write(run: RunFolder, step: int, files: Mapping[str, bytes]) -> None:
    """Writes every file, syncs, and renames the folder into place.

    Raises StoreError if that fails; older checkpoints are untouched then.
    """
    target = run.checkpoints / str(step)
    partial = run.checkpoints / f".{step}.{os.getpid()}"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in files.items():
            replace_file(partial / name, content)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        sync_folder(run.checkpoints)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise StoreError(explain(error, target)) from error
    except StoreError:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def steps(run: RunFolder) -> list[int]:
    """The steps that have a checkpoint, ascending."""
    try:
        names = os.listdir(run.checkpoints)
    except FileNotFoundError:
        return []
    return sorted(int(name) for name in names if name.isdecimal())


def read(run: RunFolder, step: int | None = None) -> dict[str, bytes]:
    """The files of the checkpoint at `step`, or of the newest.

    Raises StoreError if there is none, naming those that there are.
    """
    known = steps(run)
    if not known:
        raise StoreError(f"run {run.id} has no checkpoint yet")
    if step is not None and step not in known:
        listed = ", ".join(map(str, known))
        raise StoreError(f"run {run.id} has no checkpoint at step {step}; there are {listed}")
    folder = run.checkpoints / str(known[-1] if step is None else step)
    try:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    except OSError as error:
        raise StoreError(explain(error, folder)) from error


def prune(run: RunFolder, keep: int, also: Collection[int]) -> None:
    """Removes all but the newest `keep` checkpoints and those at the steps `also`."""
    for step in steps(run)[:-keep]:
        if step not in also:
            shutil.rmtree(run.checkpoints / str(step), ignore_errors=True)


def size(folder: Path) -> int:
    """Bytes of the files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
