"""`ganbench tour` from its first step to its page."""

import re
import signal
from html.parser import HTMLParser

from ganbench import cli
from ganbench.classics import CLASSICS
from ganbench.store import folder, journal
from ganbench.tables import number
from ganbench.tour.visits import SHOWN
from ganbench.train import step as steps

LOADED = {"src", "data", "poster", "srcset", "action"}


class Page(HTMLParser):
    """What a page would load, its links, its ids and its words."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.links, self.ids, self.tags, self.words = [], [], [], set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in LOADED or (name == "href" and tag != "a"):
                self.loaded.append(value)
            elif name == "href":
                self.links.append(value)
            elif name == "id":
                self.ids.append(value)

    def handle_data(self, data):
        self.words += data + " "


def tour(runs_dir, *words):
    status = cli.main(["tour", "--runs-dir", str(runs_dir), *map(str, words)])
    (path,) = runs_dir.glob("tour-*.html")
    return status, path, Page(path.read_text())


def scored(run):
    """{measure: value} of the last scoring in a run's journals."""
    found = {}
    for path in journal.journals(run.path):
        for record in journal.read(path)[0]:
            if isinstance(record, dict) and record["kind"] == "scores":
                found = {s["measure"]: s["value"] for s in record["scores"]}
    return found


def by_recipe(runs_dir):
    return {run.read()["config"]["recipe"]: run for run in folder.all_runs(runs_dir)}


def test_the_page_holds_what_the_journals_say(short, tmp_path, capsys):
    status, path, page = tour(
        tmp_path, "--only", "lsgan,wgan", "--steps-ring", 8, "--steps-mnist", 3
    )
    assert status == 0
    runs = sorted(folder.all_runs(tmp_path), key=lambda run: run.read()["created"])
    contents = [run.read() for run in runs]
    recipes = [content["config"]["recipe"] for content in contents]
    assert recipes == ["ring8-lsgan", "ring8-wgan", "lsgan", "wgan"]
    assert all(content["tags"] == ["tour", path.stem] for content in contents)

    printed = capsys.readouterr().out
    for place, run in zip(("ring", "ring", "mnist", "mnist"), runs, strict=True):
        values = scored(run)
        for measure, label in SHOWN[place].items():
            shown = number(values[measure])
            assert f"{label} {shown} " in re.sub(r"\s+", " ", page.words)
            assert shown in printed
        assert f"http://127.0.0.1:8642/runs/{run.id}" in page.links
    ids = [run.id for run in runs]
    for some in (ids[:2], ids[2:]):
        assert f"http://127.0.0.1:8642/compare?runs={','.join(some)}" in page.links
    assert str(path) in printed


def test_the_page_needs_nothing_else(short, tmp_path):
    _, path, page = tour(tmp_path, "--only", "rpgan", "--steps-ring", 4, "--steps-mnist", 2)
    assert page.loaded
    assert all(address.startswith("data:image/webp;base64,") for address in page.loaded)
    assert not page.tags & {"script", "link", "iframe", "object", "embed"}
    assert not re.search(r"@import|url\(", path.read_text())
    assert "prefers-color-scheme: dark" in path.read_text()


def test_every_objective_has_its_place(short, tmp_path):
    _, _, page = tour(tmp_path, "--steps-ring", 2, "--steps-mnist", 1)
    assert [name for name in page.ids if name in CLASSICS] == list(CLASSICS)
    assert {f"#{name}" for name in CLASSICS} <= set(page.links)
    assert len(page.loaded) == 2 * len(CLASSICS)


def test_a_tour_that_is_stopped_has_its_page(short, tmp_path, monkeypatch):
    """Ctrl-C comes at the second step of the second training, which then is resumable."""
    made = []
    real = steps.Step.__call__

    def interrupted(self, state):
        made.append(state)
        if len(made) == 6:
            signal.raise_signal(signal.SIGINT)
        return real(self, state)

    monkeypatch.setattr(steps.Step, "__call__", interrupted)
    status, _, page = tour(tmp_path, "--only", "minimax,lsgan", "--steps-ring", 4)
    assert status == 130
    assert len(made) == 6
    runs = by_recipe(tmp_path)
    assert set(runs) == {"ring8-minimax", "ring8-lsgan"}
    assert "1 of 4 trainings" in page.words
    assert "stopped at step 2" in page.words
    assert number(scored(runs["ring8-minimax"])["frechet"]) in page.words
    assert list(runs["ring8-lsgan"].checkpoints.glob("*2"))
    assert not scored(runs["ring8-lsgan"])


def test_a_training_that_diverges_is_a_result(short, tmp_path, monkeypatch):
    real = steps.Step.__call__

    def poisoned(self, state):
        values = real(self, state)
        if state.step == 3 and self.config.recipe == "ring8-wgan":
            values = values * float("nan")
        return values

    monkeypatch.setattr(steps.Step, "__call__", poisoned)
    status, _, page = tour(tmp_path, "--only", "wgan", "--steps-ring", 6, "--steps-mnist", 2)
    assert status == 0
    assert "diverged at step" in page.words
    assert "not finite since step 3" in page.words
    runs = by_recipe(tmp_path)
    assert not scored(runs["ring8-wgan"])
    assert number(scored(runs["wgan"])["frechet"]) in page.words
    assert "trainings came to their end" not in page.words


def test_what_goes_wrong_is_said(short, tmp_path):
    """A generator that has hardly been trained misses the modes, and the diagnosis says so."""
    _, _, page = tour(tmp_path, "--only", "minimax", "--steps-ring", 450, "--steps-mnist", 1)
    (run,) = (run for name, run in by_recipe(tmp_path).items() if name == "ring8-minimax")
    said = [
        record
        for path in journal.journals(run.path)
        for record in journal.read(path)[0]
        if isinstance(record, dict) and record["kind"] == "warning"
    ]
    assert [record["code"] for record in said] == ["mode-collapse"]
    assert said[0]["message"] in page.words
    for words in said[0]["advice"]:
        assert words in page.words
    assert "ring: Mode collapse" in page.words
