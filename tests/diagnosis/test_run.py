"""What a watch says of a run is recorded, shown and taken up again when the run is resumed."""

import io

import pytest
from rich.console import Console

from ganbench import recipes, workbench
from ganbench.cli import live, progress
from ganbench.config import Latent, Loss, SmallModel
from ganbench.events import Scalars, Scored, Stepped, Warned
from ganbench.store import past, query
from ganbench.store.index import Index
from ganbench.summary import print_summary

STEPS = 520


@pytest.fixture(scope="module")
def failing(tiny):
    """A discriminator that is far too fast for its generator, under the flattest of losses."""
    config = tiny()
    scoring = config.scoring.model_copy(update={"every_images": 6400})
    return tiny(
        steps=STEPS,
        loss=Loss(name="minimax"),
        optimizer_d=config.optimizer_d.model_copy(update={"lr": 1e-2, "lr_end": None}),
        optimizer_g=config.optimizer_g.model_copy(update={"lr": 1e-5, "lr_end": None}),
        model=config.model.model_copy(update={"hidden": 32, "dropout": 0.0}),
        grid_every=50,
        checkpoint_every=210,
        scoring=scoring,
    )


class Heard:
    """A relay that keeps the texts."""

    def __init__(self):
        self.texts = []

    def put(self, event, **fields):
        if event == "text":
            self.texts.append((fields["name"], fields["step"], fields["text"]))

    def close(self, state):
        pass


@pytest.fixture(scope="module")
def finished(failing, tmp_path_factory):
    heard = Heard()
    run = workbench.launch(failing, tmp_path_factory.mktemp("runs"), [heard])
    return run, list(run.events()), heard


def show(run):
    index = Index(run.folder.path.parent)
    index.refresh()
    shown = query.show_run(index, run.folder.id)
    index.close()
    return shown


def warned_of(events):
    return [event for event in events if isinstance(event, Warned)]


def told(events):
    """Without the evidence, whose numbers the journal has in float32."""
    return [(w.step, w.code, w.over, w.message) for w in warned_of(events)]


def test_what_is_said_is_what_the_store_has(finished):
    run, events, heard = finished
    said = warned_of(events)
    assert {"discriminator-saturated", "mode-collapse"} <= {warned.code for warned in said}
    begun = [(w.code, w.step, w.seen, w.message, w.evidence, [*w.advice]) for w in said]
    told = ("code", "step", "seen", "message", "evidence", "advice")
    shown = show(run)
    assert sorted(tuple(w[name] for name in told) for w in shown["warnings"]) == sorted(begun)
    assert sorted(shown["warned"]) == sorted(w.code for w in said)
    names = [(f"warning/{w.code}", w.step) for w in said]
    assert [(name, step) for name, step, _ in heard.texts] == names
    assert all(w.message in text for w, (_, _, text) in zip(said, heard.texts, strict=True))


def test_the_journal_gives_back_the_events(finished):
    run, events, _ = finished
    kinds = Scalars, Scored, Warned
    seen = [event for event in events if isinstance(event, kinds)]
    found = list(past.events(run.folder, STEPS))
    assert [type(event) for event in found] == [type(event) for event in seen]
    for event, again in zip(seen, found, strict=True):
        if isinstance(event, Scored):
            assert (again.step, again.signs) == (event.step, event.signs)
        elif isinstance(event, Scalars):
            assert (again.step, again.values) == (event.step, event.values)
        else:
            assert again == event
    assert all(event.step <= 100 for event in past.events(run.folder, 100))


@pytest.mark.parametrize("stop", [215, 430])  # before and after the first warning
def test_a_resumed_run_is_told_the_same(failing, finished, tmp_path, stop):
    _, whole, _ = finished
    run = workbench.launch(failing, tmp_path)
    first = []
    for event in run.events():
        first.append(event)
        if isinstance(event, Stepped) and event.step == stop:
            run.interrupt("a test")
            break
    again = workbench.resume(run.folder)
    rest = list(again.events())
    assert told([*first, *rest]) == told(whole)
    assert len(show(again)["warnings"]) == len(warned_of(whole))


@pytest.mark.slow
def test_twenty_digits_are_learned_by_heart(tmp_path):
    """Six or seven of the training images make up half of the samples."""
    config = recipes.mnist()
    every = {"every_images": 6400, "n": 500, "n_during": 500, "budget": 0.9}
    scoring = config.scoring.model_copy(update={"real": "builtin:mnist:test[:2000]", **every})
    small = {
        "data": "builtin:mnist:train[:20]",
        "steps": 1200,
        "batch": 16,
        "latent": Latent(dim=16),
        "model": SmallModel(width_g=8, width_d=16),
        "ema_images": 0,
        "precision": "fp32",
        "grid_every": 100,
        "checkpoint_every": 400,
        "scoring": scoring,
    }
    run = workbench.launch(config.model_copy(update=small), tmp_path)
    assert "memorisation" in {warned.code for warned in warned_of(run.events())}


def test_it_is_said_in_the_terminal_and_at_the_end(finished, failing, tmp_path, monkeypatch):
    run, events, _ = finished
    out = io.StringIO()
    monkeypatch.setattr(live, "console", Console(file=out, width=200))
    with progress.TrainingLine(failing, "cpu", 0, tmp_path / "console.log") as line:
        for event in warned_of(events):
            line.show(event)
    summary = io.StringIO()
    print_summary(Console(file=summary, width=200), show(run), "folder", "page")
    for text in (out.getvalue(), summary.getvalue()):
        for warned in warned_of(events):
            assert warned.message in text
            assert all(words in text for words in warned.advice)
    assert "dis_acc 1" in out.getvalue()
