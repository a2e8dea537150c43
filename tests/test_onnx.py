"""ONNX models of every architecture agree with PyTorch, at any batch size."""

import logging
import sys

import numpy as np
import pytest
import torch

from ganbench import config, recipes
from ganbench import onnx as ours
from ganbench.errors import InputError
from ganbench.models import MODELS
from tests.generators import digits, made

TINY = {
    "mlp": (config.MlpModel(hidden=8), (2,)),
    "tutorial": (config.TutorialModel(), (1, 28, 28)),
    "small": (config.SmallModel(width_g=4), (1, 8, 8)),
    "dcgan": (config.DcganModel(width_g=4), (3, 16, 16)),
    "sngan": (config.SnganModel(width_g=8, width_d=8), (3, 32, 32)),
    "r3gan": (config.R3ganModel(width=4, most=8, group=2), (3, 16, 16)),
    "stylegan": (config.StyleganModel(width=4, most=8, style=8), (3, 16, 16)),
}


def session(content):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is in the onnx extra")
    return runtime.InferenceSession(content, providers=["CPUExecutionProvider"])


def test_every_architecture_is_here():
    assert TINY.keys() == MODELS.keys()


@pytest.mark.parametrize("name", TINY)
def test_it_agrees_with_torch(name):
    pytest.importorskip("onnxscript", reason="onnxscript is in the onnx extra")
    model, shape = TINY[name]
    classes = ("a", "b") if len(shape) > 1 else ()
    generator = made(recipes.mnist().model_copy(update={"model": model}), shape, classes)
    found = ours.to_onnx(generator)
    assert found.difference <= 1e-4
    runs = session(found.content)
    (inputs,), (outputs,) = runs.get_inputs(), runs.get_outputs()
    assert (inputs.name, inputs.shape[1:]) == ("latents", [generator.inputs])
    assert (outputs.name, tuple(outputs.shape[1:])) == ("samples", shape)
    for n in (1, 5, 33):
        latents = generator.latents(n, seed=9)
        (samples,) = runs.run(["samples"], {"latents": latents.numpy()})
        expected = generator(latents).numpy()
        assert samples.shape == expected.shape
        if expected.dtype == np.uint8:
            assert samples.min() >= 0
            assert samples.max() <= 1
            assert expected.std() > 5
            assert np.abs(samples * 255 - expected).max() <= 0.5 + 255e-4
        else:
            np.testing.assert_allclose(samples, expected, atol=1e-4)


def test_one_that_differs_is_refused(monkeypatch):
    pytest.importorskip("onnxscript", reason="onnxscript is in the onnx extra")
    monkeypatch.setattr(ours, "TOLERANCE", 1e-12)
    with pytest.raises(InputError, match=r"differ by .*e-0.* more than 1e-12"):
        ours.to_onnx(digits())
    monkeypatch.setattr(ours, "TOLERANCE", float("nan"))
    with pytest.raises(InputError, match="was not written"):
        ours.to_onnx(digits())


@pytest.mark.parametrize("name", ours.NEEDS)
def test_a_missing_package_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"{name}: pip install 'ganbench\[onnx\]'|\[onnx\]"):
        ours.check()


def test_the_generator_is_left_as_it_was(caplog):
    pytest.importorskip("onnxscript", reason="onnxscript is in the onnx extra")
    generator = digits()
    before = generator.sample(5)
    with caplog.at_level(logging.WARNING):
        ours.to_onnx(generator)
    assert torch.equal(generator.sample(5), before)
    assert not generator.net.training
    assert "torchvision" not in caplog.text
