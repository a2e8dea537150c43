"""A run from launch to its end: what is recorded, scored, kept; stopped, resumed, broken."""

import errno
import math
import os
import shutil

import pytest
import torch

from ganbench import scoring, workbench
from ganbench.errors import InputError, StoreError
from ganbench.events import Diverged, Finished, RolledBack, Scored, Stepped
from ganbench.loading import load, of_state
from ganbench.recipes import RECIPES
from ganbench.store import checkpoints, query
from ganbench.store.index import Index
from ganbench.train import loop, optim


def show(runs_dir, run):
    index = Index(runs_dir)
    index.refresh()
    shown = query.show_run(index, run)
    series = query.read_series(index, run, dict.fromkeys(shown["points"], 0))
    index.close()
    return shown, series


@pytest.fixture
def finished(tiny, tmp_path):
    config = tiny()
    run = workbench.launch(config, tmp_path)
    return config, run, list(run.events())


def test_everything_is_recorded(finished, tmp_path):
    config, run, events = finished
    shown, series = show(tmp_path, run.folder.id)
    assert (shown["state"], shown["step"], shown["seen"]) == ("finished", 40, 40 * 32)
    assert shown["config"] == config.model_dump(mode="json")
    assert shown["environment"]["packages"]["torch"] == torch.__version__
    for name in ("dis_loss", "dis_acc", "adv_loss", "adv_acc"):
        assert series[name]["step"] == [1, 5, 10, 15, 20, 25, 30, 35, 40]
    assert [p["step"] for p in shown["pictures"]] == [0, 10, 20, 30, 40]
    assert all((run.folder.media / f"{p['sha256']}.webp").is_file() for p in shown["pictures"])
    assert isinstance(events[-1], Finished)


def test_scores_come_when_due_and_at_the_end(finished, tmp_path):
    _, run, events = finished
    scored = [event for event in events if isinstance(event, Scored)]
    assert [event.step for event in scored] == [20, 40]  # every 640 images, at a checkpoint
    assert [event.scores[0].n_fake for event in scored] == [100, 200]
    shown, _ = show(tmp_path, run.folder.id)
    assert {s["measure"] for s in shown["scores"]} >= {"frechet", "kid", "modes_covered"}
    assert all(s["extractor"] == "coordinates" for s in shown["scores"])
    assert all(s["baseline_n"] == 200 for s in shown["scores"])


def test_the_newest_checkpoints_and_the_best_are_kept(finished):
    config, run, _ = finished
    assert checkpoints.steps(run.folder) == [20, 30, 40]  # 20 is the best that was scored
    assert config.keep == 2


def test_the_summary_says_what_happened(finished, tmp_path):
    _, run, _ = finished
    summary = show(tmp_path, run.folder.id)[0]["summary"]
    assert summary["seconds"] > 0
    assert summary["images_per_second"] == pytest.approx(1280 / summary["seconds"], rel=0.01)
    assert summary["peak_memory"] > 50
    assert summary["best"]["step"] == 20
    assert summary["scorings"] == 2
    low, last, high = (summary["scalars"]["dis_loss"][k] for k in ("min", "last", "max"))
    assert low <= last <= high


@pytest.mark.parametrize("stop", [3, 17, 33])
def test_interrupted_and_resumed_equals_uninterrupted(finished, tmp_path, stop):
    config, whole, _ = finished
    run = workbench.launch(config, tmp_path)
    for event in run.events():
        if isinstance(event, Stepped) and event.step == stop:
            run.interrupt("stopped by the test")
            break
    shown, _ = show(tmp_path, run.folder.id)
    assert (shown["state"], shown["reason"]) == ("killed", "stopped by the test")
    assert checkpoints.steps(run.folder)[-1] == stop

    resumed = workbench.resume(run.folder)
    list(resumed.events())
    assert checkpoints.read(run.folder) == checkpoints.read(whole.folder)
    shown, series = show(tmp_path, run.folder.id)
    expected, lines = show(tmp_path, whole.folder.id)
    assert shown["state"] == "finished"
    images = shown["summary"]["images_per_second"] * shown["summary"]["seconds"]
    assert images == pytest.approx((40 - stop) * 32, rel=0.01)  # those of this process
    for name in ("dis_loss", "dis_acc", "adv_loss", "adv_acc"):
        assert series[name]["step"] == lines[name]["step"]
        assert series[name]["value"] == lines[name]["value"]
    key = lambda run: [(s["step"], s["measure"], s["value"]) for s in run["history"]]  # noqa: E731
    assert key(shown) == key(expected)
    pictures = lambda run: [(p["step"], p["sha256"]) for p in run["pictures"]]  # noqa: E731
    assert pictures(shown) == pictures(expected)


def test_divergence_keeps_the_last_good_checkpoint(tiny, tmp_path):
    run = workbench.launch(tiny(), tmp_path)
    for event in run.events():
        if isinstance(event, Stepped) and event.step == 24:
            with torch.no_grad():
                next(run.state.generator.parameters()).fill_(torch.nan)
    assert isinstance(event, Diverged)
    shown, _ = show(tmp_path, run.folder.id)
    assert shown["state"] == "diverged"
    assert shown["reason"] == "dis_loss is not finite since step 25"
    assert checkpoints.steps(run.folder)[-1] == 20
    config = run.config
    images = load(run.folder.path).images(5)
    assert torch.isfinite(images.tensor()).all()
    assert config.steps == 40


def drain(run, at, then):
    """The steps of `run`; `then()` is called after step `at`."""
    steps = []
    for event in run.events():
        if isinstance(event, Stepped):
            steps.append(event.step)
            if event.step == at:
                then()
    return steps


def raising(error):
    def call(*_):
        raise error

    return call


def test_an_error_is_recorded_and_raised(tiny, tmp_path):
    run = workbench.launch(tiny(), tmp_path)
    broken = raising(RuntimeError("boom"))
    with pytest.raises(RuntimeError, match="boom"):
        drain(run, 3, lambda: setattr(run.recorder, "scalars", broken))
    shown, _ = show(tmp_path, run.folder.id)
    assert (shown["state"], shown["reason"]) == ("failed", "RuntimeError: boom")


def test_a_full_disk_stops_the_run_and_loses_nothing(tiny, tmp_path, monkeypatch):
    run = workbench.launch(tiny(), tmp_path)
    full, real = raising(OSError(errno.ENOSPC, "No space left on device")), os.write
    with pytest.raises(StoreError, match="disk is full"):
        drain(run, 14, lambda: monkeypatch.setattr(os, "write", full))
    monkeypatch.setattr(os, "write", real)
    _, series = show(tmp_path, run.folder.id)
    assert series["dis_loss"]["step"] == [1, 5, 10]
    assert checkpoints.steps(run.folder) == [10]
    list(workbench.resume(run.folder).events())
    shown, series = show(tmp_path, run.folder.id)
    assert shown["state"] == "finished"
    assert series["dis_loss"]["step"] == [1, 5, 10, 15, 20, 25, 30, 35, 40]


def test_too_little_space_is_refused_before_the_run_exists(tiny, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(StoreError, match="need about"):
        workbench.launch(tiny(), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_scoring_keeps_its_budget(tiny, tmp_path):
    config = tiny(steps=60, checkpoint_every=2)
    scoring = config.scoring.model_copy(update={"every_images": 64, "budget": 0.05})
    run = workbench.launch(config.model_copy(update={"scoring": scoring}), tmp_path)
    list(run.events())
    summary = show(tmp_path, run.folder.id)[0]["summary"]
    assert summary["scorings_skipped"] > summary["scorings"] >= 1


@pytest.mark.parametrize("spec", ["run:latest", "run:latest@20"])
def test_samples_of_a_run_are_images(finished, tmp_path, spec):
    images = scoring.images_of(spec, 30, 4, runs_dir=tmp_path)
    assert (images.n, images.shape) == (30, (2,))
    again = scoring.images_of(spec, 30, 4, runs_dir=tmp_path)
    assert torch.equal(torch.cat(list(images.batches(7))), again.tensor())
    other = scoring.images_of(spec, 30, 5, runs_dir=tmp_path)
    assert not torch.equal(other.tensor(), again.tensor())


def test_samples_follow_the_averaged_generator(finished, tmp_path):
    config, run, _ = finished
    found = scoring.images_of("run:latest", 3, 0, runs_dir=tmp_path).tensor()
    noise = of_state(config, run.state).latents(3, seed=0)
    torch.testing.assert_close(found, loop.sample(config, run.state.ema, noise))


@pytest.mark.parametrize(
    ("spec", "words"),
    [("run:latest@x", "must be a number"), ("run:nobody", "no run"), ("run:latest@7", "step 7")],
)
def test_a_wrong_run_is_named(finished, tmp_path, spec, words):
    with pytest.raises((InputError, StoreError), match=words):
        scoring.images_of(spec, 3, 0, runs_dir=tmp_path)


def test_a_damaged_checkpoint_is_named(finished):
    _, run, _ = finished
    path = run.folder.checkpoints / "40" / "ema.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"oops")
    with pytest.raises(InputError, match=rf"{run.folder.id}.*ema\.safetensors is damaged"):
        workbench.resume(run.folder)


def test_evaluate_uses_the_other_split_as_baseline():
    made = scoring.evaluate("builtin:ring8:test", "builtin:ring8:train[:500]", cache=False)
    scores = {s.measure: s for s in made}
    assert scores["modes_covered"].value == 8
    assert scores["high_quality"].value == pytest.approx(0.98889, abs=0.02)
    assert scores["frechet"].baseline_n == 500


def spoil(run, at, times=1):
    """Drains the run; after step `at` its generator is NaN, so many times."""
    events, left = [], times
    for event in run.events():
        events.append(event)
        if isinstance(event, Stepped) and event.step == at and left:
            left -= 1
            with torch.no_grad():
                next(run.state.generator.parameters()).fill_(torch.nan)
    return events


def test_a_divergence_is_rolled_back_with_lower_rates(tiny, tmp_path):
    run = workbench.launch(tiny(on_diverge="rollback"), tmp_path)
    events = spoil(run, 24)
    (back,) = [event for event in events if isinstance(event, RolledBack)]
    assert (back.step, back.seen) == (20, 20 * 32)
    assert "dis_loss was not finite at step 25: back to step 20 with 0.5" in back.words
    assert isinstance(events[-1], Finished)
    used = run.state.optimizer_g.param_groups[0]["lr"]
    assert used == pytest.approx(optim.learning_rate(run.config.optimizer_g, 39, 40) / 2)
    shown, series = show(tmp_path, run.folder.id)
    assert shown["state"] == "finished"
    assert series["dis_loss"]["step"] == [1, 5, 10, 15, 20, 25, 30, 35, 40]
    assert all(map(math.isfinite, series["dis_loss"]["value"]))


def test_rolling_back_ends_after_so_many_times(tiny, tmp_path):
    run = workbench.launch(tiny(on_diverge="rollback", rollbacks=2), tmp_path)
    events = spoil(run, 24, times=9)
    rates = [event.words for event in events if isinstance(event, RolledBack)]
    assert ["0.5 of" in rates[0], "0.25 of" in rates[1], len(rates)] == [True, True, 2]
    assert isinstance(events[-1], Diverged)
    shown, _ = show(tmp_path, run.folder.id)
    assert shown["state"] == "diverged"


def test_before_the_first_checkpoint_it_begins_again(tiny, tmp_path):
    run = workbench.launch(tiny(on_diverge="rollback"), tmp_path)
    events = spoil(run, 4)
    assert [e.step for e in events if isinstance(e, RolledBack)] == [0]
    assert isinstance(events[-1], Finished)


def test_a_rolled_back_run_is_resumed_as_it_was(tiny, tmp_path):
    """Killed after the rollback: the rates stay low."""
    run = workbench.launch(tiny(on_diverge="rollback"), tmp_path)
    for event in run.events():
        if isinstance(event, Stepped) and event.step == 24 and not run.state.rollbacks:
            with torch.no_grad():
                next(run.state.generator.parameters()).fill_(torch.nan)
        if isinstance(event, RolledBack):
            break
    resumed = workbench.resume(run.folder)
    assert (resumed.state.step, resumed.state.rollbacks) == (20, 1)


def test_an_extractor_that_cannot_read_the_images_is_refused_before_the_run(tmp_path):
    config = RECIPES["stacked-mnist"]()
    scoring = config.scoring.model_copy(update={"extractor": "mnist-classifier"})
    with pytest.raises(InputError, match=r"mnist-classifier reads uint8 images of 1x28x28"):
        workbench.launch(config.model_copy(update={"scoring": scoring}), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_shared_memory_of_the_reals_changes_no_score(tiny, tmp_path):
    """Each run alone, and then with what the other one's scorer knows."""
    first = workbench.launch(tiny(), tmp_path)
    second = workbench.launch(tiny(), tmp_path)
    other = workbench.launch(tiny(seed=1), tmp_path)
    alone = [score.value for score in first.scorer.score(first.state, 100)]
    for run in (second, other):
        run.scorer.share(first.scorer)
    assert second.scorer._evaluator is first.scorer._evaluator
    assert other.scorer._evaluator is None  # of another seed, whose reals in place of fakes differ
    assert [score.value for score in second.scorer.score(second.state, 100)] == alone
    assert [score.value for score in first.scorer.score(first.state, 100)] == alone
    for run in (first, second, other):
        run.interrupt("enough")


def test_tags_are_those_of_the_launch(tiny, tmp_path):
    run = workbench.launch(tiny(), tmp_path, tags=("tour", "x"))
    run.interrupt("enough")
    index = Index(tmp_path)
    index.refresh()
    assert query.list_runs(index)[0]["tags"] == ["tour", "x"]
    index.close()
