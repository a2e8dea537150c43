"""`ganbench export RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console
from ganbench.store import folder
from ganbench.tables import amount


def main(arguments: Sequence[str]) -> int:
    """Exports a generator."""
    return call(export, "export", arguments)


def export(
    run: RunName,
    to: Path,
    format: Literal["safetensors", "onnx"] = "safetensors",
    step: int | None = None,
    force: bool = False,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> int:
    """A run's generator as a folder for others, which needs neither the run nor its data.

    It holds the weights as safetensors, their config, and a model card with samples, scores and
    their protocol; `ganbench.load(DIR)` and every command that takes a run read it. A run's numbers
    are exported by `ganbench runs export`.

    Args:
        run: an id, a prefix of exactly one id, or latest
        to: the folder
        format: onnx adds an ONNX model, checked against PyTorch (needs the onnx extra)
        step: of the checkpoint; the newest by default
        force: replace an export that is there
        runs_dir: where the runs are
        device: where to compute
    """
    found = folder.find(runs_dir, run)

    from ganbench import export as exports  # torch comes with it

    files = exports.export(found, to, format=format, step=step, device=device, force=force)
    for path in files:
        console.print(f"{path}  {amount(path.stat().st_size)}", soft_wrap=True)
    console.print(f'in Python: gb.load("{to}").sample(64)', soft_wrap=True)
    return 0
