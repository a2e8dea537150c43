"""`ganbench resume RUN`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ganbench.cli.options import RUNS, RunName, RunsDir, call, console
from ganbench.cli.scoring_line import ScoringLine
from ganbench.errors import InputError
from ganbench.store import folder, query
from ganbench.store.index import Index


def main(arguments: Sequence[str]) -> int:
    """Resumes a run."""
    return call(resume, "resume", arguments)


def resume(
    run: RunName,
    runs_dir: RunsDir = RUNS,
    device: Literal["auto", "cpu", "cuda"] | None = None,
    sinks: tuple[str, ...] | None = None,
    page: bool = False,
) -> int:
    """Go on with a run from its newest checkpoint.

    On the same machine with the same number of threads, the end is bit for bit that of a run that
    was never interrupted.

    Args:
        run: an id, a prefix of exactly one id, or latest
        runs_dir: where the runs are
        device: another device than the run's own
        sinks: trackers that get it as well, instead of those that the run had
        page: serve the page while it trains
    """
    found = folder.find(runs_dir, run)
    index = Index(runs_dir)
    index.refresh()
    shown = query.show_run(index, found.id)
    index.close()
    if shown is None or shown["state"] in ("running", "finished"):
        raise InputError(f"run {found.id} is {shown['state'] if shown else 'gone'}")

    from ganbench import workbench  # torch comes with it
    from ganbench.cli.training import follow, processes
    from ganbench.config import Config
    from ganbench.environment import changed, describe

    content = found.read()
    config = Config.model_validate(content["config"])
    with processes(config.batch, device or config.device) as group:
        with ScoringLine() as line:
            progress = line.pictures if group.first else None
            resumed = workbench.resume(found, device, sinks, group, progress)
        for change in changed(content["environment"], describe()) if group.first else ():
            console.print(f"the end may differ in rounding; {change}", style="yellow")
        return follow(resumed, page=page)
