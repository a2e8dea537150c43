"""The tutorial's networks and training steps, against Keras 3 on its torch backend, in float64."""

import os

import numpy as np
import pytest
import torch
from torch import nn

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras", reason="Keras is in the dev and bench extras")

from benchmarks import keras_tutorial  # noqa: E402
from ganbench import recipes  # noqa: E402
from ganbench.models.layers import UpsampleConv2d  # noqa: E402
from ganbench.train import state as states  # noqa: E402
from ganbench.train.step import Step  # noqa: E402
from tests.train.run import stream  # noqa: E402

BATCH = 16
TOLERANCE = 1e-5  # in float64: Adam's first steps magnify the rounding of small gradients
CONFIG = recipes.tutorial_mnist().model_copy(
    update={"model": recipes.tutorial_mnist().model.model_copy(update={"dropout": 0.0})}
)


# Keras flattens H×W×C, torch C×H×W: dense layers beside a reshape are permuted.
def rows(weight, side, channels):
    """Kernel rows of a Dense after Flatten, from H×W×C to C×H×W."""
    return weight.reshape(side, side, channels, -1).transpose(2, 0, 1, 3).reshape(len(weight), -1)


def columns(values, side, channels):
    """The last axis, of a Dense before Reshape, from H×W×C to C×H×W."""
    shape = values.shape[:-1]
    split = values.reshape(*shape, side, side, channels)
    return np.moveaxis(split, -1, -3).reshape(*shape, -1)


def keras_weights(net):
    """A Keras network's weights in the order and layout of ours: one dict a layer with weights."""
    found = []
    spatial = True
    for layer in net.layers:
        values = {w.name: w.value.detach().numpy().copy() for w in layer.weights}
        if not values:
            continue
        if isinstance(layer, keras.layers.Conv2D):
            spatial = True
            values["kernel"] = values["kernel"].transpose(3, 2, 0, 1)
        elif isinstance(layer, keras.layers.Dense):
            if layer.units == 1:
                values["kernel"] = rows(values["kernel"], 4, 512).T
            else:
                spatial = False
                values = {k: columns(v, 7, 256) for k, v in values.items()}
                values["kernel"] = values["kernel"].T
        elif not spatial:
            values = {k: columns(v, 7, 256) for k, v in values.items()}
        found.append(values)
    return found


def our_layers(net):
    return [
        layer
        for layer in net
        if isinstance(
            layer, (nn.Linear, nn.Conv2d, UpsampleConv2d, nn.modules.batchnorm._BatchNorm)
        )
    ]


NAMES = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean"}
NAMES |= {"moving_variance": "running_var", "kernel": "weight", "bias": "bias"}


def load_keras(net, weights):
    for layer, values in zip(our_layers(net), weights, strict=True):
        with torch.no_grad():
            for name, value in values.items():
                getattr(layer, NAMES[name]).copy_(torch.from_numpy(np.ascontiguousarray(value)))


def assert_same(net, weights, before=None):
    """Every weight, or every change since `before`, to TOLERANCE of the tensor's norm."""
    for i, (layer, values) in enumerate(zip(our_layers(net), weights, strict=True)):
        for name, theirs in values.items():
            ours = getattr(layer, NAMES[name]).detach().numpy()
            start = before[i][name] if before else 0
            assert_close(ours - start, theirs - start)


def assert_close(ours, theirs):
    """In the Euclidean norm; a bias before a batch norm moves by rounding alone: the floor."""
    floor = 3e-8 * np.sqrt(np.size(theirs))
    assert np.linalg.norm(ours - theirs) <= TOLERANCE * np.linalg.norm(theirs) + floor


def to_keras(images):
    return images.permute(0, 2, 3, 1)


@pytest.fixture
def setting(monkeypatch):
    """Our state and step, Keras's generator and discriminator with the same weights."""
    plain = torch.nn.functional.conv2d  # in float64 it wants contiguous kernels; Keras's are views
    monkeypatch.setattr(
        torch.nn.functional,
        "conv2d",
        lambda x, w, *args, **kw: plain(x, w.contiguous(), *args, **kw),
    )
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # kept apart since the first network of the process
    keras.utils.set_random_seed(1)
    theirs = keras_tutorial.generator(dropout=0.0), keras_tutorial.discriminator(dropout=0.0)
    state = states.create(CONFIG, (1, 28, 28), torch.device("cpu"))
    for mine, other in zip((state.generator, state.discriminator), theirs, strict=True):
        load_keras(mine.double(), keras_weights(other))
    yield state, Step(CONFIG, stream(torch.empty(0)), bf16=False), *theirs
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def batch():
    """Reals, fakes and noise."""
    draws = torch.Generator().manual_seed(2)
    images = torch.rand((2 * BATCH, 1, 28, 28), generator=draws, dtype=torch.float64)
    noise = torch.rand((BATCH, keras_tutorial.LATENT), generator=draws, dtype=torch.float64) * 2 - 1
    return images[:BATCH], images[BATCH:], noise


def test_parameter_counts_are_those_of_the_tutorial(setting):
    state, _, generator, discriminator = setting
    assert sum(p.numel() for p in state.generator.parameters()) == 2_368_705
    assert generator.count_params() == 2_394_241  # with the moving averages
    assert sum(p.numel() for p in state.discriminator.parameters()) == 4_311_553
    assert discriminator.count_params() == 4_311_553


@pytest.mark.parametrize("training", [False, True])
def test_generator_forward(setting, batch, training):
    state, _, generator, _ = setting
    ours = state.generator.train(training)(batch[2])
    theirs = generator(batch[2], training=training)
    assert_close(to_keras(ours).detach().numpy(), theirs.detach().numpy())
    assert_same(state.generator, keras_weights(generator))  # the moving averages too


def test_discriminator_forward(setting, batch):
    state, _, _, discriminator = setting
    ours = state.discriminator(batch[0]).sigmoid()
    theirs = discriminator(to_keras(batch[0]), training=True)[:, 0]
    assert_close(ours.detach().numpy(), theirs.detach().numpy())


def test_discriminator_steps(setting, batch):
    """RMSprop with clipping, on one batch that is half real and half fake, three times."""
    state, step, _, discriminator = setting
    keras_tutorial.compile_discriminator(discriminator)
    images = to_keras(torch.cat(batch[:2])).numpy()
    targets = np.concatenate((np.ones(BATCH), np.zeros(BATCH)))[:, None]
    for state.step in range(3):
        before = keras_weights(discriminator)
        expected = discriminator.train_on_batch(images, targets, return_dict=True)
        loss, accuracy, *_ = step.update_discriminator(state, *batch[:2])
        assert loss.item() == pytest.approx(float(expected["loss"]), rel=TOLERANCE)
        if state.step == 0:  # later, Keras reports the mean over the calls
            assert accuracy.item() == pytest.approx(float(expected["accuracy"]))
        assert_same(state.discriminator, keras_weights(discriminator), before)
        discriminator.reset_metrics()


def test_generator_steps(setting, batch):
    """Adam with clipping, through a discriminator that does not change, three times."""
    state, step, generator, discriminator = setting
    adversarial = keras_tutorial.adversarial(generator, discriminator)
    noise, targets = batch[2], np.ones((BATCH, 1))
    frozen = keras_weights(discriminator)
    for state.step in range(3):
        before = keras_weights(generator)
        expected = adversarial.train_on_batch(noise.numpy(), targets, return_dict=True)
        fake = state.generator.train()(noise)
        loss, *_ = step.update_generator(state, batch[0], fake)
        assert loss.item() == pytest.approx(float(expected["loss"]), rel=TOLERANCE)
        assert_same(state.generator, keras_weights(generator), before)
        adversarial.reset_metrics()
    assert_same(state.discriminator, frozen)
