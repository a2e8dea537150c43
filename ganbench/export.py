"""A run's generator as a folder for others: weights, config, model card, samples, ONNX."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import orjson

from ganbench import exported, grids, loading, model_card, onnx, saving
from ganbench.errors import InputError, StoreError
from ganbench.generator import Generator
from ganbench.store import query
from ganbench.store.folder import RunFolder
from ganbench.store.index import Index
from ganbench.train import loop

Format = Literal["safetensors", "onnx"]
CARD, PICTURE = "README.md", "samples.png"
SAMPLES = 64
SHOWN = 16  # of samples of more than 64 pixels a side


def export(
    run: RunFolder,
    to: Path,
    *,
    format: Format = "safetensors",
    step: int | None = None,
    device: str = "auto",
    force: bool = False,
) -> list[Path]:
    """Writes the averaged generator of a run, and returns the files.

    They are the weights, `config.json`, a model card with a picture of samples, and for "onnx" that
    model besides. All are made before the first is written. Raises InputError if there is something
    in `to` already (unless `force` replaces the files of an export), if the checkpoint is damaged,
    or if the ONNX model is not what PyTorch computes; StoreError if there is no checkpoint, or if
    the folder cannot be written.
    """
    _check(to, force)
    if format == "onnx":
        onnx.check()
    generator = loading.of_run(run, step, loop.choose_device(device))
    model = onnx.to_onnx(generator) if format == "onnx" else None
    about: dict[str, Any] = {
        "ganbench": version("ganbench"),
        "run": run.id,
        "data": run.read().get("data"),
        "parameters": sum(p.numel() for p in generator.net.parameters()),
    }
    if model is not None:
        about["onnx"] = {
            "input": onnx.INPUT,
            "output": onnx.OUTPUT,
            "max_difference": model.difference,
        }
    files = exported.to_files(generator, about)
    content = {exported.WEIGHTS: files.weights, exported.JSON: files.json}
    if model is not None:
        content[onnx.FILE] = model.content
    content[PICTURE] = _picture(generator)
    facts = _facts(run, orjson.loads(files.json), model.difference if model else None)
    content[CARD] = model_card.card(facts).encode()
    return _write(to, content)


def _check(to: Path, force: bool) -> None:
    if to.exists() and not to.is_dir():
        raise InputError(f"--to {to}: a file is in the way of the folder")
    if to.is_dir() and any(to.iterdir()):
        if not exported.is_exported(to):
            raise InputError(f"--to {to}: there is something else in this folder; name a new one")
        if not force:
            raise InputError(f"--to {to}: there is an export already; --force replaces it")


def _facts(
    run: RunFolder, described: Mapping[str, Any], difference: float | None
) -> model_card.Facts:
    """What the card says, from the journals of the run."""
    index = Index(run.path.parent)
    try:
        index.refresh()
        shown = query.show_run(index, run.id, pictures=False)
        texts = query.read_texts(index, run.id)
    finally:
        index.close()
    if shown is None:
        raise StoreError(f"run {run.id} was removed just now")
    scored = [row["step"] for row in shown["history"] if row["step"] <= described["step"]]
    at = max(scored, default=None)
    return model_card.Facts(
        described=described,
        run=shown,
        data=described["data"] or {},
        scores=[row for row in shown["history"] if row["step"] == at],
        scored_at=at,
        troubles=_troubles(shown["warnings"], texts, described["step"]),
        onnx=difference,
        picture=PICTURE,
    )


def _troubles(
    warnings: Sequence[Mapping[str, Any]], texts: Sequence[Mapping[str, Any]], until: int
) -> list[str]:
    """What the diagnosis and the rollbacks of a run say of its steps up to `until`, in order."""
    said = [(row["step"], row["text"]) for row in texts if row["name"] == "rollback"]
    for row in warnings:
        over = row["until"] is not None and row["until"] <= until
        ended = f" (over at step {row['until']:,})" if over else ""
        said.append((row["step"], f"{row['message']}{ended}"))
    return [f"step {step:,}: {words}" for step, words in sorted(said) if step <= until]


def _picture(generator: Generator) -> bytes:
    """Samples of seed 0, as a PNG; of a conditional generator a column for each of 10 classes."""
    many = SAMPLES if max(generator.shape) <= 64 else SHOWN
    file = io.BytesIO()
    if len(generator.shape) == 1:
        points = generator.sample(2000).numpy()
        saving.picture(grids.scatter(points, points), file)
    elif generator.classes:
        columns = min(len(generator.classes), 10)
        labels = [i % columns for i in range(columns * (many // 8))]
        saving.picture(grids.tile(generator.sample(len(labels), 0, labels).numpy(), columns), file)
    else:
        saving.picture(grids.tile(generator.sample(many).numpy()), file)
    return file.getvalue()


def _write(to: Path, content: Mapping[str, bytes]) -> list[Path]:
    """All files, each whole, after all have been written beside."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".export-", dir=to))
        try:
            for name, data in content.items():
                (staged / name).write_bytes(data)
            for name in content:
                os.replace(staged / name, to / name)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise StoreError(f"{to} cannot be written: {error.strerror or error}") from error
    if onnx.FILE not in content:
        (to / onnx.FILE).unlink(missing_ok=True)  # of an export before, of other weights
    return [to / name for name in content]
