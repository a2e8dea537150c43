"""An audit from end to end, stopped and taken up again."""

from dataclasses import replace
from itertools import islice

import orjson
import pytest

from ganbench import cli, datasets
from ganbench.audit.cells import Audit, Plan, keeper, key_of, read
from ganbench.audit.verdicts import verdicts
from ganbench.errors import InputError
from ganbench.evaluation.extractors import load_extractor

PLAN = Plan(
    ("frechet", "copied_share"), ("noise", "mode-dropping", "memorisation"), (120, 300), 2, 0
)


def audit(plan=PLAN, **options):
    images = datasets.load("builtin:mnist:train[0:2000]")
    return Audit(images, load_extractor("mnist-classifier"), plan, **options)


@pytest.fixture(scope="module")
def whole():
    return list(audit().run())


def values(cells):
    return {cell.key: dict(cell.values) for cell in cells}


def test_planted_failures_are_noticed_by_what_should_notice_them(whole):
    found = verdicts(whole, PLAN.measures)
    assert found["frechet"].reactions["noise"].verdict == "notices"
    assert found["frechet"].reactions["mode-dropping"].verdict == "notices"
    assert found["copied_share"].overfitting == "notices"
    assert found["frechet"].overfitting != "notices"


def test_one_that_was_stopped_goes_on_where_it_was(whole, tmp_path):
    path, first = tmp_path / "out" / "cells.jsonl", audit()
    keep = keeper(path, key_of(first))
    for cell in islice(first.run(), 7):
        keep(cell)
    with path.open("ab") as file:
        file.write(b'{"n": 120, "degra')  # torn
    second = audit()
    there = read(path, key_of(second))
    assert len(there) == 7
    keep = keeper(path, key_of(second))
    rest = list(second.run(there))
    for cell in rest:
        keep(cell)
    assert values([*there, *rest]) == values(whole)
    assert values(read(path, key_of(second))) == values(whole)


def test_a_measure_that_comes_later_does_not_repeat_the_others(whole, tmp_path):
    path, few = tmp_path / "cells.jsonl", replace(PLAN, degradations=("noise",), sizes=(120,))
    first = audit(replace(few, measures=("frechet",)))
    keep = keeper(path, key_of(first))
    for cell in first.run():
        keep(cell)
    second = audit(replace(few, measures=("frechet", "copied_share", "kid:subsets=2,size=20")))
    rest = list(second.run(read(path, key_of(second))))
    assert all(cell.values.keys() == {"copied_share", "kid:subsets=2,size=20"} for cell in rest)
    keep = keeper(path, key_of(second))
    for cell in rest:
        keep(cell)
    together, before = values(read(path, key_of(second))), values(whole)
    assert all(held.items() >= before[key].items() for key, held in together.items())
    found = verdicts(read(path, key_of(second)), second.measures)
    assert found["kid:subsets=2,size=20"].reactions["noise"].verdict == "notices"


def test_cells_of_another_audit_are_not_taken(tmp_path):
    keeper(tmp_path / "cells.jsonl", key_of(audit()))
    other = audit(replace(PLAN, seed=1))
    with pytest.raises(InputError, match="is of another audit"):
        read(tmp_path / "cells.jsonl", key_of(other))


def test_the_parts_are_disjoint():
    made = audit()
    hand = made.hand(300, "none", 0.0, 0)
    held_out = made._evaluator(300).control.pixels
    parts = [hand.pixels, hand.seen, held_out]
    keys = [{row.tobytes() for row in part.flatten(1).numpy()} for part in parts]
    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]


def test_too_few_images_say_how_many_are_possible():
    with pytest.raises(InputError, match="at most --n 400"):
        audit(replace(PLAN, sizes=(500,)))
    control = datasets.load("builtin:mnist:test")
    assert audit(replace(PLAN, sizes=(600,)), control=control)


def test_without_labels_clusters_stand_for_classes():
    images = replace(datasets.load("builtin:mnist:train[0:1000]"), labels=None)
    made = Audit(images, load_extractor("mnist-classifier"), replace(PLAN, sizes=(150,)))
    assert made.k == 10
    assert len(made.hand(150, "mode-dropping", 0.6, 0).labels.unique()) == 4


def test_the_command_writes_a_table_json_and_a_page(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "audit"
    words = ["audit", "builtin:mnist:train[0:1000]", "--out", str(out), "--n", "100"]
    words += ["--replicates", "2", "--degrade", "noise", "--measures", "kid", "--measures", "vendi"]
    assert cli.main(words) == 0
    assert "✓" in capsys.readouterr().out
    told = orjson.loads((out / "audit.json").read_bytes())
    assert told["measures"]["kid"]["reactions"]["noise"]["verdict"] == "notices"
    text = (out / "audit.html").read_text()
    assert text.count("<svg") == 2
    assert "data:image/png" in text
    assert (out / "noise.png").is_file()
    assert cli.main(words) == 0  # all is there
    assert cli.main(["audit", "builtin:ring8:train"]) == 1
    assert "holds points" in capsys.readouterr().err
    assert cli.main([*words[:2], "--degrade", "nois"]) == 1
    assert "there are noise" in capsys.readouterr().err
