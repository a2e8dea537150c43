"""`ganbench tour`: every objective on the ring and on MNIST, and one page that compares them."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from ganbench.cli.live import LiveLine
from ganbench.cli.options import RUNS, RunsDir, call, console
from ganbench.errors import InputError
from ganbench.store.folder import RunFolder, replace_file
from ganbench.store.index import Index
from ganbench.tables import duration, number, table
from ganbench.tour import page as pages
from ganbench.tour.stops import STEPS, TITLES, Stop, new_id, plan
from ganbench.tour.visits import SHOWN, Visit, best, gather
from ganbench.track.server import address_of_comparison

Made = list[tuple[Stop, RunFolder]]


def main(arguments: Sequence[str]) -> int:
    """Makes the tour."""
    return call(tour, "tour", arguments)


def tour(
    only: str = "",
    steps_ring: int = STEPS["ring"],
    steps_mnist: int = STEPS["mnist"],
    seed: int = 0,
    runs_dir: RunsDir = RUNS,
    page: bool = False,
) -> int:
    """Train every objective for a short while, on the ring and on MNIST, and compare them.

    It takes some minutes. Each training is a run like any other, with the tag `tour`; Ctrl-C stops
    after the step that runs, and the page is made of what there is.

    Args:
        only: some of the objectives, with commas between: minimax,wgan
        steps_ring: updates of each generator on the ring
        steps_mnist: updates of each generator on MNIST
        seed: everything random follows from it
        runs_dir: where the runs and the page go
        page: serve the runs' pages while it trains, and in a terminal until Ctrl-C after that
    """
    from ganbench.cli.training import serving  # torch comes with it

    objectives = [name.strip() for name in only.split(",") if name.strip()]
    stops = plan(objectives, {"ring": steps_ring, "mnist": steps_mnist}, seed)
    if seed < 0:
        raise InputError(f"--seed {seed}: expected 0 or more")
    id, made = new_id(), list[tuple[Stop, RunFolder]]()
    with serving(runs_dir, page) as port:
        try:
            stopped = _travel(id, stops, runs_dir, made)
        finally:
            if made:
                _show(id, stops, runs_dir, made, port)
        if port and sys.stdin.isatty():
            console.print("\nThe runs' pages stay until Ctrl-C.", style="dim")
            signal.pause()
    return 130 if stopped else 0


def _travel(id: str, stops: Sequence[Stop], runs_dir: Path, made: Made) -> bool:
    """Trains at each stop, and adds to `made`; returns whether somebody stopped it."""
    from ganbench import workbench  # torch comes with it
    from ganbench.cli.training import stop_flag
    from ganbench.events import Stepped
    from ganbench.scorer import Scorer

    known: dict[str, Scorer] = {}  # by place, the last one
    with stop_flag() as asked, _Line(stops) as line:
        for stop in stops:
            line.begin(stop)
            run = workbench.launch(stop.config, runs_dir, tags=("tour", id))
            made.append((stop, run.folder))
            run.scorer.share(known.get(stop.place, run.scorer))
            known[stop.place] = run.scorer
            for event in run.events():
                if isinstance(event, Stepped):
                    line.step(event.step)
                    if asked:
                        again = f"go on with: ganbench resume {run.folder.id}"
                        run.interrupt(f"stopped by {asked[0]}; {again}")
                        return True
            line.end(gathered(runs_dir, made[-1:])[0])
            if asked:  # while it was scored
                return stop is not stops[-1]
    return False


def gathered(runs_dir: Path, made: Made) -> list[Visit]:
    """What the runs have come to, by the index of their folder."""
    index = Index(runs_dir)
    try:
        return gather(index, made)
    finally:
        index.close()


def _show(id: str, stops: Sequence[Stop], runs_dir: Path, made: Made, port: int | None) -> None:
    """Writes the page, and prints the table and where the page is."""
    visits = gathered(runs_dir, made)
    path = runs_dir / f"{id}.html"
    replace_file(path, pages.html(id, stops, visits, str(runs_dir)).encode())
    by_place = [[v for v in visits if v.stop.place == place] for place in SHOWN]
    for some in filter(None, by_place):
        console.print()
        console.print(_table(some))
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim")
    facts.add_row("page", str(path))
    facts.add_row("runs", f"{len(visits)} with the tag {id}")
    for some in by_place:
        if len(some) > 1:
            link = address_of_comparison((visit.run["id"] for visit in some), port)
            facts.add_row(f"compare {TITLES[some[0].stop.place]}", link)
    if not port:
        facts.add_row("", f"(needs ganbench serve --runs-dir {runs_dir})")
    console.print(facts, soft_wrap=True)


def _table(visits: Sequence[Visit]) -> Table:
    """The scores at one place, the best of each measure in green."""
    place = visits[0].stop.place
    labels = SHOWN[place]
    right = (*labels.values(), "time")
    made = table(TITLES[place], *right, "the diagnosis", right=right)
    for visit in visits:
        cells = []
        for measure in labels:
            value = visit.scores.get(measure)
            top = value is not None and value == best(visits, place, measure)
            cells.append(f"[green]{number(value)}[/]" if top else number(value))
        said = f"[yellow]{escape(visit.verdict)}[/]"
        made.add_row(visit.stop.objective, *cells, duration(visit.run["seconds"]), said)
    return made


class _Line(LiveLine):
    """One live line over the whole tour; in a pipe one line a training, and one now and then."""

    def __init__(self, stops: Sequence[Stop]) -> None:
        super().__init__()
        self._stops = stops
        self._total = sum(stop.seconds(stop.config.steps) for stop in stops)
        self._done = 0.0  # of that, by the trainings that have ended
        self._number = 0
        self._step = 0
        self._began = time.monotonic()

    def begin(self, stop: Stop) -> None:
        """The next training begins."""
        self._number += 1
        self._stop, self._step = stop, 0
        self._show(due=True)

    def step(self, step: int) -> None:
        """A step of it is done."""
        self._step = step
        self._show(due=False)

    def end(self, visit: Visit) -> None:
        """It has ended, so."""
        self._done += self._stop.seconds(self._stop.config.steps)
        shown = SHOWN[self._stop.place].items()
        scores = [f"{label} {number(visit.scores[m])}" for m, label in shown if m in visit.scores]
        words = "  ".join((f"{self._stop.title}:", *scores, duration(visit.run["seconds"])))
        self.say(words)
        if visit.verdict:
            self.say(f"  {visit.verdict}", "yellow")

    def _show(self, due: bool) -> None:
        done = self._done + self._stop.seconds(self._step)
        spent = time.monotonic() - self._began
        left = duration(spent / done * (self._total - done)) if done > 1 else "–"
        words = (
            f"{self._number} of {len(self._stops)} · {self._stop.title} · "
            f"step {self._step:,}/{self._stop.config.steps:,} · {left} left"
        )
        self.put(done / self._total, lambda: words, due=due)
