"""The network and its extractor. Agreement with other packages is in tests/parity."""

import dataclasses

import pytest
import torch

from ganbench.errors import InputError
from ganbench.evaluation import inception_net
from ganbench.evaluation.inception import inception, induced_error
from ganbench.evaluation.inception_net import InceptionNet, convolutions, shapes
from ganbench.types import Extractor, Outputs
from tests.evaluation.inception_weights import as_weights, random_weights


def relative(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


@pytest.fixture(scope="module")
def extractor():
    return inception(weights=as_weights(random_weights()))


@pytest.fixture(scope="module")
def images():
    draws = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (3, 3, 24, 40), generator=draws, dtype=torch.uint8)


@pytest.fixture(scope="module")
def outputs(extractor, images):
    return extractor.extract(extractor.prepare(images))


def test_the_graph_has_the_published_size():
    """94 convolutions; 23,834,568 parameters with 1000 classes, and 8 more classes of 2049."""
    rows = list(convolutions())
    assert len(rows) == len({row.name for row in rows}) == len({row.fid for row in rows}) == 94
    learnt = ("weight", "gamma", "beta", "bias")
    count = sum(torch.Size(s).numel() for n, s in shapes().items() if n.endswith(learnt))
    assert count == 23_834_568 + 8 * 2049


@pytest.mark.parametrize(
    ("name", "fid", "shape"),
    [
        ("conv_4", "Conv2d_4a_3x3", (192, 80, 3, 3)),
        ("mixed/tower/conv_1", "Mixed_5b.branch5x5_2", (64, 48, 5, 5)),
        ("mixed_2/tower_2/conv", "Mixed_5d.branch_pool", (64, 288, 1, 1)),
        ("mixed_3/conv", "Mixed_6a.branch3x3", (384, 288, 3, 3)),
        ("mixed_5/tower_1/conv_3", "Mixed_6c.branch7x7dbl_4", (160, 160, 7, 1)),
        ("mixed_8/tower_1/conv_1", "Mixed_7a.branch7x7x3_2", (192, 192, 1, 7)),
        ("mixed_9/tower/mixed/conv_1", "Mixed_7b.branch3x3_2b", (384, 384, 3, 1)),
        ("mixed_10/tower_1/mixed/conv", "Mixed_7c.branch3x3dbl_3a", (384, 384, 1, 3)),
    ],
)
def test_names_and_shapes_of_the_published_files(name, fid, shape):
    row = next(row for row in convolutions() if row.name == name)
    assert (row.fid, row.shape) == (fid, shape)


def test_folding_changes_nothing_but_the_rounding(images, extractor, outputs):
    plain = InceptionNet(random_weights(), folded=False).eval()
    with torch.inference_mode():
        features, logits, spatial = plain((extractor.prepare(images) - 128) / 128)
    assert relative(outputs.features, features) < 1e-4
    assert relative(outputs.probs, logits.softmax(1)) < 1e-4
    assert relative(outputs.spatial, spatial) < 1e-4
    assert 0.1 < features.std() < 100  # the random network keeps its scale, so this says something


@pytest.mark.parametrize("folded", [True, False])
def test_batch_normalisation_has_the_epsilon_of_the_graph(folded):
    """A convolution that gives 0: ReLU(β − γμ/√(σ² + 10⁻³))."""
    conv = next(convolutions())
    tensors = {f"conv/{part}": torch.rand(32) for part in ("gamma", "beta")}
    tensors |= {"conv/weight": torch.zeros(conv.shape), "conv/mean": torch.randn(32)}
    tensors["conv/variance"] = torch.full((32,), 3e-3)
    unit = inception_net._module(conv, tensors, folded).eval()
    found = unit(torch.rand(1, 3, 3, 3)).flatten()
    scale = tensors["conv/gamma"] / 0.004**0.5
    expected = (tensors["conv/beta"] - tensors["conv/mean"] * scale).relu()
    assert torch.allclose(found, expected, atol=1e-5)


def test_pools_are_those_of_the_graph():
    """Averages do not count the padding; only the last block's branch pools by maximum."""
    average = inception_net._module(inception_net.Pool("avg", 1), {}, True)
    assert torch.equal(average(torch.ones(1, 1, 5, 5)), torch.ones(1, 1, 5, 5))
    kinds = {
        name: [step.kind for branch in block for step in branch if hasattr(step, "kind")]
        for name, block in inception_net._blocks().items()
    }
    assert kinds.pop("mixed_10") == ["max"]
    assert {kinds.pop(name)[0] for name in ("mixed_3", "mixed_8")} == {"max"}
    assert all(kind == ["avg"] for kind in kinds.values())
    strides = {
        s.stride for b in inception_net._blocks()["mixed_10"] for s in b if hasattr(s, "kind")
    }
    assert strides == {1}


def test_probabilities_are_without_the_bias(outputs):
    weight = random_weights()["softmax/weight"]
    expected = (outputs.features.double() @ weight.T.double()).softmax(1)
    assert outputs.features.shape == (3, 2048)
    assert outputs.probs.shape == (3, 1008)
    assert relative(outputs.probs.double(), expected) < 1e-4


def test_spatial_features_are_the_first_seven_channels_of_mixed_6_conv(images, extractor, outputs):
    net = InceptionNet(random_weights()).eval()
    seen = []
    unit = net.blocks["mixed_6"][0][0]
    unit.register_forward_hook(lambda module, args, out: seen.append(out.clone()))
    with torch.inference_mode():
        net((extractor.prepare(images) - 128) / 128)
    (found,) = seen
    assert found.shape == (3, 192, 17, 17)
    assert outputs.spatial.shape == (3, 2023)
    grid = outputs.spatial.view(3, 17, 17, 7).permute(0, 3, 1, 2)
    assert relative(grid, found[:, :7]) < 1e-4


def test_an_image_does_not_know_its_batch(images, extractor, outputs):
    alone = extractor.extract(extractor.prepare(images[1:2]))
    assert relative(alone.features, outputs.features[1:2]) < 1e-5
    grey = images[:1, :1]
    one, three = (
        extractor.extract(extractor.prepare(x)) for x in (grey, grey.expand(-1, 3, -1, -1))
    )
    assert torch.equal(one.features, three.features)


def test_prepare_is_not_changed_by_extract(images, extractor):
    prepared = extractor.prepare(images[:1])
    before = prepared.clone()
    extractor.extract(prepared)
    assert torch.equal(prepared, before)


def test_the_normalisation_follows_the_protocol(images):
    """pytorch-fid maps [0, 255] to [−1, 1]; the graph itself subtracts and divides by 128."""
    weights = as_weights(random_weights())
    half = inception(weights=weights, resize="torch-half-pixel")
    assert half.protocol["normalise"] == "(x - 127.5)/127.5"
    prepared = half.prepare(images[:1])
    net = InceptionNet(random_weights()).eval()
    with torch.inference_mode():
        expected = net(2 * (prepared / 255) - 1)[0]
    assert relative(half.extract(prepared).features, expected) < 1e-5


def test_the_digest_is_of_weights_and_protocol(extractor):
    weights = as_weights(random_weights())
    others = [
        inception(weights=weights, resize="clean"),
        inception(weights=weights, precision="bf16"),
        inception(weights=dataclasses.replace(weights, content="other")),
        inception(weights=dataclasses.replace(weights, verified=True)),
    ]
    digests = {one.digest for one in [extractor, *others]}
    assert len(digests) == 5
    assert inception(weights=weights).digest == extractor.digest
    assert extractor.protocol == {
        "graph": "2015-12-05",
        "weights": "unverified random",
        "resize": "tf1",
        "normalise": "(x - 128)/128",
        "precision": "fp32",
    }


def test_bf16_is_near_and_its_error_is_measured(images, extractor):
    narrow = inception(weights=as_weights(random_weights()), precision="bf16")
    error = induced_error(images, extractor, narrow)
    assert error["n"] == 3
    assert 1e-4 < error["relative"] <= error["worst"] < 0.05
    assert 0.999 < error["cosine"] < 1
    assert error["probs"] > 0
    same = induced_error(images, extractor, extractor)
    assert (same["relative"], same["worst"], same["spread"], same["probs"]) == (0, 0, 0, 0)


def test_induced_error_in_closed_form():
    """b = 1.5 a: relative error 1/2, cosine 1; the spread of ±1 around 3 is √10 times smaller."""
    values = torch.tensor([[2.0, 0.0], [4.0, 0.0]])

    def times(factor):
        return Extractor("x", "x", lambda images: Outputs(values[: len(images)] * factor))

    pixels = torch.zeros(2, 3, 1, 1, dtype=torch.uint8)
    error = induced_error(pixels, times(1), times(1.5))
    assert error["relative"] == error["worst"] == pytest.approx(0.5)
    assert error["cosine"] == pytest.approx(1)
    assert error["spread"] == pytest.approx((0.25 * 20 / 2) ** 0.5)
    assert error["probs"] is None
    assert induced_error(pixels[:1], times(1), times(1.5))["spread"] != error["spread"]  # NaN


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"resize": "clear"}, "did you mean 'clean'"), ({"precision": "fp16"}, "fp32, bf16")],
)
def test_what_is_wrong_is_named(changes, words):
    with pytest.raises(InputError, match=words):
        inception(weights=as_weights({}), **changes)


def test_extract_refuses_what_was_not_prepared(images, extractor):
    with pytest.raises(InputError, match="what its prepare gives"):
        extractor.extract(images)
