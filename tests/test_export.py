"""Exported folders: to the bit what the run draws, checked when read; what the card says."""

import json

import numpy as np
import orjson
import pytest
import torch
from PIL import Image

import ganbench as gb
from ganbench import exported, model_card, scoring, workbench
from ganbench import onnx as onnx_model
from ganbench.errors import InputError, StoreError
from ganbench.events import Warned
from ganbench.export import export
from ganbench.store import query
from ganbench.store.index import Index
from tests.generators import digits, points, styled

GENERATORS = {
    "normal": digits(),
    "conditional": digits(classes=("cat", "dog"), counts=(3, 1), categories=2),
    "points": points(),
    "styles": styled(),
}


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    run = workbench.launch(tiny(steps=20), tmp_path_factory.mktemp("runs"))
    list(run.events())
    return run


def written(generator, path):
    files = exported.to_files(generator, {"note": "hello"})
    (path / exported.WEIGHTS).write_bytes(files.weights)
    (path / exported.JSON).write_bytes(files.json)
    return path


class TestFolder:
    @pytest.mark.parametrize("name", GENERATORS)
    def test_it_draws_the_same_to_the_bit(self, name, tmp_path):
        generator = GENERATORS[name]
        again = gb.load(written(generator, tmp_path))
        assert torch.equal(again.sample(100, seed=3), generator.sample(100, seed=3))
        for field in ("config", "shape", "step", "seen", "classes", "counts"):
            assert getattr(again, field) == getattr(generator, field)
        assert not any(p.requires_grad for p in again.net.parameters())

    def test_the_random_numbers_of_the_program_are_left_alone(self, tmp_path):
        written(digits(), tmp_path)
        before = torch.random.get_rng_state()
        gb.load(tmp_path)
        assert torch.equal(torch.random.get_rng_state(), before)

    @pytest.mark.parametrize("at", [10, -1])
    def test_damaged_weights_are_named(self, tmp_path, at):
        path = written(digits(), tmp_path) / exported.WEIGHTS
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"generator\.safetensors is damaged: its sha256"):
            gb.load(tmp_path)
        path.unlink()
        with pytest.raises(InputError, match=r"generator\.safetensors cannot be read: No such"):
            gb.load(tmp_path)

    def test_a_damaged_config_is_named(self, tmp_path):
        path = written(digits(), tmp_path) / exported.JSON
        content = json.loads(path.read_text())

        def refused(words, **changes):
            path.write_text(json.dumps({**content, **changes}))
            with pytest.raises(InputError, match=words):
                gb.load(tmp_path)

        refused(r"config\.json: this is not an exported generator of format 1", format=2)
        refused(r"config\.json: this is not", library_name="diffusers")
        refused(r"do not fit together", shape=[3, 8, 8])
        refused(r"do not fit together(?s:.*)hidden", config={**content["config"], "hidden": 3})
        refused(r"do not fit together", classes=["a"])
        del content["step"], content["sha256"]
        refused(r"config\.json is damaged: it has no step, sha256")
        path.write_text("{")
        with pytest.raises(InputError, match=r"config\.json is damaged"):
            gb.load(tmp_path)

    def test_it_has_no_step_to_choose(self, tmp_path):
        with pytest.raises(InputError, match="no step to choose"):
            gb.load(written(digits(), tmp_path), step=3)


class TestExport:
    def test_it_is_the_run_without_the_run(self, run, tmp_path):
        files = export(run.folder, tmp_path / "out")
        names = ["generator.safetensors", "config.json", "samples.png", "README.md"]
        assert [path.name for path in files] == names
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
        assert torch.equal(
            gb.load(tmp_path / "out").sample(99), gb.load(run.folder.path).sample(99)
        )
        as_fakes = scoring.images_of(f"run:{tmp_path / 'out'}", 30, 5)
        expected = scoring.images_of(f"run:{run.folder.path}", 30, 5)
        assert torch.equal(as_fakes.tensor(), expected.tensor())

    def test_an_older_step(self, run, tmp_path):
        export(run.folder, tmp_path, step=10)
        older = gb.load(tmp_path)
        assert older.step == 10
        assert torch.equal(older.sample(9), gb.load(run.folder.path, step=10).sample(9))
        with pytest.raises(StoreError, match="no checkpoint at step 7; there are 10, 20"):
            export(run.folder, tmp_path / "other", step=7)

    def test_what_is_there_is_not_overwritten(self, run, tmp_path):
        (tmp_path / "thesis.tex").write_text("words")
        with pytest.raises(InputError, match="there is something else in this folder"):
            export(run.folder, tmp_path, force=True)
        with pytest.raises(InputError, match="a file is in the way"):
            export(run.folder, tmp_path / "thesis.tex")
        export(run.folder, tmp_path / "a", step=10)
        with pytest.raises(InputError, match="--force replaces it"):
            export(run.folder, tmp_path / "a")
        (tmp_path / "a" / "generator.onnx").write_text("of other weights")
        export(run.folder, tmp_path / "a", force=True)
        assert gb.load(tmp_path / "a").step == 20
        assert not (tmp_path / "a" / "generator.onnx").exists()

    def test_onnx_that_differs_leaves_no_file(self, run, tmp_path, monkeypatch):
        pytest.importorskip("onnxscript", reason="onnxscript is in the onnx extra")
        monkeypatch.setattr(onnx_model, "TOLERANCE", -1.0)
        with pytest.raises(InputError, match="was not written"):
            export(run.folder, tmp_path / "out", format="onnx")
        assert not (tmp_path / "out").exists()

    def test_onnx_beside_the_weights(self, run, tmp_path):
        runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is in the onnx extra")
        pytest.importorskip("onnxscript", reason="onnxscript is in the onnx extra")
        export(run.folder, tmp_path, format="onnx")
        generator = gb.load(tmp_path)
        session = runtime.InferenceSession(str(tmp_path / "generator.onnx"))
        latents = generator.latents(11, seed=1)
        (found,) = session.run(None, {"latents": latents.numpy()})
        np.testing.assert_allclose(found, generator(latents).numpy(), atol=1e-4)
        described = orjson.loads((tmp_path / "config.json").read_bytes())
        assert described["onnx"]["max_difference"] <= 1e-4
        assert "generator.onnx" in (tmp_path / "README.md").read_text()


class TestCard:
    def shown(self, run):
        index = Index(run.folder.path.parent)
        index.refresh()
        shown = query.show_run(index, run.folder.id)
        index.close()
        return shown

    def test_it_says_what_the_journal_says(self, run, tmp_path):
        export(run.folder, tmp_path)
        text = (tmp_path / "README.md").read_text()
        shown = self.shown(run)
        data = run.folder.read()["data"]
        for words in (
            f"# {run.folder.id}",
            "recipe `ring8`",
            f"`builtin:ring8:train` ({data['n']:,} samples), fingerprint `{data['fingerprint']}`",
            "points of 2",
            "| steps | 20 |",
            "| real samples seen | 640 |",
            "non-saturating, r1 0.1",
            'gb.load("path/to/this/folder").sample(64, seed=0)',
            "License: not stated",
        ):
            assert words in text, words
        assert shown["scores"]
        for score in shown["scores"]:
            assert f"| {score['measure']} |" in text
            assert f"`{score['fingerprint']}`" in text
        assert "**not the one of this folder" not in text
        assert "The run is" not in text
        with Image.open(tmp_path / "samples.png") as picture:
            assert min(picture.size) > 200

    def test_scores_of_another_step_are_called_so(self, run):
        export_at = {**orjson.loads(exported.to_files(points(), {}).json), "step": 20}
        facts = self.facts(run, {**export_at, "parameters": 9, "step": 30}, scored_at=20)
        assert "**not the one of this folder, which is of step 30**" in model_card.card(facts)

    def test_front_matter_is_yaml(self, run):
        yaml = pytest.importorskip("yaml", reason="PyYAML comes with other packages")
        described = orjson.loads(exported.to_files(digits(), {"parameters": 9}).json)
        head = model_card.card(self.facts(run, described)).split("---\n")[1]
        assert yaml.safe_load(head) == {
            "library_name": "ganbench",
            "tags": ["gan", "generative-adversarial-network", "small"],
            "pipeline_tag": "unconditional-image-generation",
        }

    def test_a_conditional_one_names_its_classes(self, run):
        generator = GENERATORS["conditional"]
        described = orjson.loads(exported.to_files(generator, {"parameters": 9}).json)
        text = model_card.card(self.facts(run, described, onnx=2e-7))
        assert "conditional, on 2 classes: cat, dog" in text
        assert 'labels="cat"' in text
        assert "2 components that are 0 but for a 3 at the number of the class" in text
        assert "unconditional-image-generation" not in text

    def test_what_went_wrong_is_said(self, run):
        described = orjson.loads(exported.to_files(points(), {"parameters": 9}).json)
        facts = self.facts(run, described, troubles=["it fell down"], state="diverged")
        text = model_card.card(facts)
        assert "- In training: it fell down" in text
        assert "- The run is diverged: a NaN." in text
        score = {**self.shown(run)["scores"][0], "warnings": ["of few samples"]}
        text = model_card.card(self.facts(run, described, scores=[score, score]))
        assert f"- {score['measure']}, {score['measure']}: of few samples" in text

    def test_the_diagnosis_and_rollbacks_up_to_its_step_are_repeated(self, tiny, tmp_path):
        made = workbench.launch(tiny(steps=20), tmp_path / "runs")
        for step, over in ((5, False), (10, True), (15, False)):
            made.recorder.warning(Warned(step, 1, "code", f"it is bad {step}", {}, (), over))
        made.recorder.text("rollback", 7, 1, "rolled back")
        made.recorder.text("hello", 7, 1, "not a trouble")
        list(made.events())
        export(made.folder, tmp_path / "a", step=10)
        text = (tmp_path / "a" / "README.md").read_text()
        assert [line for line in text.splitlines() if line.startswith("- In training")] == [
            "- In training: step 5: it is bad 5 (over at step 10)",
            "- In training: step 7: rolled back",
        ]
        export(made.folder, tmp_path / "b")
        assert "- In training: step 15: it is bad 15\n" in (tmp_path / "b/README.md").read_text()

    def facts(self, run, described, state="finished", **changes):
        shown = {**self.shown(run), "state": state, "reason": "a NaN"}
        usual = {
            "data": {},
            "scores": shown["scores"],
            "scored_at": 20,
            "troubles": [],
            "onnx": None,
            "picture": None,
        }
        return model_card.Facts(described=described, run=shown, **{**usual, **changes})
