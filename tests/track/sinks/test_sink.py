"""A sink, whatever its tracker does: it never waits, never raises, loses nothing unsaid."""

import threading
import time

import numpy as np
import pytest

import ganbench as gb
from ganbench.errors import InputError
from ganbench.store import query
from ganbench.store.index import Index
from ganbench.track import sinks
from ganbench.track.sinks import Sinks, sink
from ganbench.track.sinks.backend import About, Backend
from ganbench.track.sinks.events import scalars_of, size
from ganbench.track.sinks.sink import BATCH, Sink
from tests.track.sinks.conftest import SCORED, SCORES, log_everything

METHODS = ("load", "begin", "scalars", "picture", "text", "config", "name", "tags", "flush", "end")


class Memory(Backend):
    """A tracker that remembers what it is told; `fails` and `hangs` name methods of it."""

    def __init__(self, fails="", hangs="", gate=None):
        self.about = About("id", "id", "p", {}, (), "", "", None, None)
        self.told, self.fails, self.hangs = [], fails, hangs
        self.gate = gate or threading.Event()

    def __getattribute__(self, name):
        if name not in METHODS:
            return super().__getattribute__(name)

        def method(*args):
            if name == self.hangs:
                self.gate.wait(30)
            if name == self.fails:
                raise RuntimeError(f"no {name}\nat all")
            self.told.append((name, *args))
            return "here"

        return method

    def names(self):
        return [told[0] for told in self.told]


@pytest.fixture
def using(tmp_path, monkeypatch):
    """What makes a run whose only sink is a Memory."""

    def make(memory, patience=30.0, **options):
        monkeypatch.setattr(sinks, "backend", lambda name, about: memory)
        monkeypatch.setattr(sinks, "PATIENCE", patience)
        return gb.Run(runs_dir=tmp_path, sinks=["tensorboard"], **options)

    return make


def stored(tmp_path):
    index = Index(tmp_path)
    index.refresh()
    (run,) = query.list_runs(index)
    shown = query.show_run(index, run["id"])
    index.close()
    return shown


def test_all_is_told_in_order_on_one_thread(using, capsys):
    memory = Memory()
    run = using(memory)
    log_everything(run)
    run.finish("failed", summary=False)
    names = memory.names()
    assert names[:2] == ["load", "begin"]
    assert names[-2:] == ["flush", "end"]
    assert memory.told[-1] == ("end", "failed")
    steps = [told[2] for told in memory.told if told[0] == "scalars"]
    assert steps == [0, 1, 2, 3, 10, 2]
    assert memory.told[-3][0] != "flush"  # nothing is flushed twice
    when = [told[1] for told in memory.told if told[0] in ("scalars", "picture", "text")]
    assert all(abs(moment - time.time()) < 60 for moment in when)
    for name, count in {"picture": 3, "text": 1, "config": 1, "tags": 1, "name": 1}.items():
        assert names.count(name) == count
    assert "ganbench: tensorboard: here" in capsys.readouterr().out


@pytest.mark.parametrize("method", METHODS)
def test_a_failing_tracker_warns_once_and_stops_nothing(using, tmp_path, capsys, method):
    run = using(Memory(fails=method))
    log_everything(run)
    log_everything(run)
    run.finish(summary=False)
    shown = stored(tmp_path)
    assert (shown["state"], shown["points"]["loss"], len(shown["pictures"])) == ("finished", 10, 3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("ganbench: tensorboard ")
    assert f"RuntimeError: no {method}" in lines[0]
    # Where a record was lost, a second line at the end counts it.
    counts = {"scalars": 12, "picture": 6, "text": 2, "config": 2, "name": 2, "tags": 2}
    counts["flush"] = 26
    if method in counts:
        assert lines[1:] == [f"ganbench: tensorboard did not get {counts[method]} of 26 records"]
    else:
        assert len(lines) == 1


@pytest.mark.parametrize("method", ["load", "begin", "scalars", "flush", "end"])
def test_a_hanging_tracker_holds_nobody_up(using, tmp_path, capsys, method):
    gate = threading.Event()
    run = using(Memory(hangs=method, gate=gate), patience=0.3)
    log_everything(run)
    run.finish(summary=False)  # a tracker hangs until the gate opens: we are here before
    assert stored(tmp_path)["state"] == "finished"
    assert "tensorboard did not end in time" in capsys.readouterr().err
    gate.set()


def test_hanging_trackers_share_one_patience():
    gate = threading.Event()
    hanging = [Sink(f"s{i}", Memory(hangs="begin", gate=gate)) for i in range(5)]
    many = Sinks(hanging, patience=0.5)
    began = time.monotonic()
    many.close("finished")
    assert time.monotonic() - began < 5 * 0.5
    gate.set()


def test_waiting_long_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sink, "QUIET", 0.01)
    gate = threading.Event()
    memory = Memory(hangs="begin", gate=gate)
    slow = Sink("slow", memory)
    for step in range(1234):
        slow.put("scalars", step=step, values={"x": 1.0})
    threading.Timer(0.2, gate.set).start()
    slow.end("finished")
    slow.wait(time.monotonic() + 30)
    said = capsys.readouterr().err
    assert said == "ganbench: slow has 1,234 records to go; it gets 30 s for that\n"
    assert memory.names().count("scalars") == 1234


def test_what_does_not_fit_is_dropped_and_counted(capsys):
    gate = threading.Event()
    memory = Memory(hangs="begin", gate=gate)
    pixels = np.zeros((100, 100, 3), np.uint8)
    slow = Sink("slow", memory, room=100_000)
    for step in range(10):
        slow.put("picture", step=step, seen=0, name="p", caption=None, pixels=pixels)
    slow.put("scalars", step=10, values={"x": 1.0})  # a small one has room yet
    gate.set()
    slow.end("finished")
    slow.wait(time.monotonic() + 30)
    assert [told[2] for told in memory.told if told[0] == "picture"] == [0, 1, 2]
    assert [told[2] for told in memory.told if told[0] == "scalars"] == [10]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "slower than the run" in lines[0]
    assert lines[1] == "ganbench: slow did not get 7 of 11 records"


def test_room_comes_back_when_the_tracker_has_caught_up():
    memory = Memory()
    slow = Sink("quick", memory, room=10_000)
    for step in range(200):
        slow.put("scalars", step=step, values={"x": 1.0})
        if step % 20 == 19:
            while slow._queue:
                time.sleep(0.01)
    slow.end("finished")
    slow.wait(time.monotonic() + 30)
    assert [told[2] for told in memory.told if told[0] == "scalars"] == list(range(200))


def test_long_queues_are_flushed_in_parts():
    gate = threading.Event()
    memory = Memory(hangs="begin", gate=gate)
    slow = Sink("slow", memory)
    for step in range(2 * BATCH + 1):
        slow.put("scalars", step=step, values={"x": 1.0})
    gate.set()
    slow.end("finished")
    slow.wait(time.monotonic() + 30)
    assert [i for i, name in enumerate(memory.names()) if name == "flush"] == [
        2 + BATCH,
        2 + 2 * BATCH + 1,
        2 + 2 * BATCH + 3,
    ]


def test_what_an_event_weighs():
    pixels = np.zeros((100, 100, 3), np.uint8)
    assert size({"step": 1, "values": dict.fromkeys("abcde", 1.0)}) == 800
    assert size({"step": 1, "name": "p", "caption": None, "pixels": pixels}) == 30_301
    assert size({"step": 1, "name": "text", "text": "x" * 1000}) == 1304


def test_scores_are_numbers_with_their_interval():
    assert scalars_of(SCORES) == SCORED
    spelled = [{"measure": "m", "extractor": "e", "n_fake": 1, "value": "Infinity"}]
    assert scalars_of(spelled) == {"scores/m/e/n1": float("inf")}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["wandbb"], r"no sink 'wandbb'; did you mean 'wandb'\? There are comet, wandb"),
        ("wandb", "expected a list of names"),
    ],
)
def test_a_wrong_name_is_said_before_there_is_a_run(tmp_path, given, words):
    with pytest.raises(InputError, match=words):
        gb.Run(runs_dir=tmp_path / "runs", sinks=given)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["no_such_package", "only_a_folder"])
def test_a_missing_package_is_said_with_its_extra(tmp_path, monkeypatch, name):
    (tmp_path / "only_a_folder").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sinks.SINKS, "wandb", name)
    with pytest.raises(InputError, match=r"pip install 'ganbench\[wandb\]'"):
        gb.Run(runs_dir=tmp_path, sinks=["wandb"])


def test_a_relay_of_ones_own(tmp_path):
    class Own:
        told = ()

        def put(self, event, **fields):
            self.told += (event,)

        def close(self, state):
            self.told += (state,)

    own = Own()
    with gb.Run(runs_dir=tmp_path, sinks=[own]) as run:
        run.log({"x": 1})
        run.add_tags("t")
    assert own.told == ("scalars", "tags", "finished")


def test_a_run_remembers_its_sinks(using, monkeypatch):
    run = using(Memory())
    run.log({"x": 1}, step=4)
    run.finish(summary=False)
    assert run.folder.read()["sinks"] == ["tensorboard"]
    again = Memory()
    seen = []
    monkeypatch.setattr(sinks, "backend", lambda name, about: seen.append(about) or again)
    more = gb.Run.resume(run.id, runs_dir=run.folder.path.parent)
    more.log({"x": 2})
    more.finish(summary=False)
    assert seen[0].resumed_at == 4
    assert [told[2] for told in again.told if told[0] == "scalars"] == [5]
    none = gb.Run.resume(run.id, runs_dir=run.folder.path.parent, sinks=[])
    none.finish(summary=False)
    assert again.names().count("end") == 1
