"""Our Inception against torch-fidelity's and pytorch-fid's, with the same random weights.

Measured with torch-fidelity 0.4.0, pytorch-fid 0.3.0, clean-fid 0.1.35, tensorflow-cpu 2.21.0 and
torch 2.13.0 on a CPU: the resizes are bit-equal (clean: 3e-5 of 255), the features of the plain
network equal, those of the folded one within 5e-7.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from ganbench.evaluation.graphdef import read_constants
from ganbench.evaluation.inception import inception
from ganbench.evaluation.inception_net import InceptionNet
from ganbench.evaluation.resize import resize
from tests.evaluation.inception_weights import (
    as_weights,
    random_weights,
    state_dict,
    write_graphdef,
)
from tests.parity.shim import peer, torchvision

PICTURES = Path(__file__).parents[3] / "shared/data/cifar10-jpg/cifar10-test-jpg.zip"
SIZES = [(1, 1), (1, 300), (32, 32), (64, 48), (256, 255), (299, 299), (300, 298), (517, 898)]


def relative(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def noise(n, h, w):
    return torch.randint(0, 256, (n, 3, h, w), dtype=torch.uint8)


def pictures(n=8):
    """The first of CIFAR-10's test pictures; noise of that size where they are absent."""
    if not PICTURES.is_file():
        return noise(n, 32, 32)
    with zipfile.ZipFile(PICTURES) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        files = [Image.open(io.BytesIO(archive.read(name))) for name in names[:: len(names) // n]]
    stack = np.stack([np.asarray(file.convert("RGB")) for file in files[:n]])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="module")
def fidelity(tmp_path_factory):
    torchvision()
    peer("torch_fidelity")
    module = peer("torch_fidelity.feature_extractor_inceptionv3")
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(state_dict(random_weights()), path)
    return module.FeatureExtractorInceptionV3(
        "inception-v3-compat",
        ["2048", "logits_unbiased", "768"],
        feature_extractor_weights_path=str(path),
    )


@pytest.fixture(scope="module")
def pytorch_fid():
    torchvision()
    module = peer("pytorch_fid.inception")
    with pytest.MonkeyPatch.context() as patch:
        state = state_dict(random_weights())
        patch.setattr(module, "load_state_dict_from_url", lambda *args, **kwargs: state)
        return module.InceptionV3([3], resize_input=True, normalize_input=True).eval()


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_tf1_resize_is_bit_equal_to_torch_fidelity(h, w):
    torchvision()
    peer("torch_fidelity")
    theirs = peer("torch_fidelity.interpolate_compat_tensorflow")
    images = noise(2, h, w)
    expected = theirs.interpolate_bilinear_2d_like_tensorflow1x(
        images.float(), (299, 299), align_corners=False
    )
    assert torch.equal(resize(images, "tf1"), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_tf1_resize_is_bit_equal_to_tensorflow():
    tensorflow = peer("tensorflow")
    for h, w in SIZES:
        images = noise(2, h, w)
        nhwc = images.permute(0, 2, 3, 1).numpy().astype(np.float32)
        found = tensorflow.compat.v1.image.resize_bilinear(nhwc, (299, 299)).numpy()
        assert np.array_equal(resize(images, "tf1").permute(0, 2, 3, 1).numpy(), found)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_graph_constants_are_tensorflows(tmp_path):
    """The file that our tests write is a graph to TensorFlow, with the same constants."""
    tensorflow = peer("tensorflow")
    write_graphdef(tmp_path / "x.pb", random_weights())
    raw = (tmp_path / "x.pb").read_bytes()
    graph = tensorflow.compat.v1.GraphDef.FromString(raw)
    found = read_constants(raw, "x.pb")
    nodes = {node.name: node for node in graph.node if node.op == "Const"}
    assert set(nodes) == set(found)
    for name, node in nodes.items():
        expected = tensorflow.make_ndarray(node.attr["value"].tensor)
        assert np.array_equal(found[name].numpy(), expected)
    # and what TensorFlow writes, we read
    values = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32(3)}
    with tensorflow.Graph().as_default() as made:
        for name, value in values.items():
            tensorflow.constant(value, name=name)
        tensorflow.constant([1, 2], name="integers")
    found = read_constants(made.as_graph_def().SerializeToString(), "x.pb")
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        name: value.tolist() for name, value in values.items()
    }


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_clean_resize_is_clean_fids(h, w):
    torchvision()
    theirs = peer("cleanfid.resize").build_resizer("clean")
    images = noise(2, h, w)
    expected = [torch.from_numpy(theirs(x.permute(1, 2, 0).numpy())) for x in images]
    found = resize(images, "clean").permute(0, 2, 3, 1)
    assert (found - torch.stack(expected)).abs().max() < 5e-5


def test_features_and_logits_are_torch_fidelitys(fidelity):
    """Plain and folded; tf1 resize on pictures and on noise of other sizes."""
    ours = inception(weights=as_weights(random_weights()))
    plain = InceptionNet(random_weights(), folded=False).eval()
    for images in (pictures(), noise(1, 299, 299), noise(2, 75, 130), noise(1, 1, 1)):
        with torch.inference_mode():
            features, logits, _ = fidelity(images)
            same = plain((ours.prepare(images) - 128) / 128)
        assert relative(same[0], features) < 1e-6
        assert relative(same[1], logits) < 1e-6
        found = ours.extract(ours.prepare(images))
        assert relative(found.features, features) < 1e-4
        assert relative(found.probs, logits.softmax(1)) < 1e-4


def test_spatial_features_are_the_first_channels_of_mixed_6d(fidelity):
    """Mixed_6d is mixed_6; its first branch, of which sFID takes 7 channels, is mixed_6/conv."""
    ours = inception(weights=as_weights(random_weights()))
    seen = []
    hook = fidelity.Mixed_6d.branch1x1.register_forward_hook(lambda *args: seen.append(args[-1]))
    images = pictures(2)
    with torch.inference_mode():
        fidelity(images)
    hook.remove()
    expected = seen[0][:, :7].permute(0, 2, 3, 1).flatten(1)
    assert relative(ours.extract(ours.prepare(images)).spatial, expected) < 1e-4


def test_features_are_pytorch_fids(pytorch_fid):
    ours = inception(weights=as_weights(random_weights()), resize="torch-half-pixel")
    for images in (pictures(), noise(1, 299, 299), noise(2, 75, 130)):
        with torch.inference_mode():
            expected = pytorch_fid(images.float() / 255)[0].flatten(1)
        assert relative(ours.extract(ours.prepare(images)).features, expected) < 1e-4


def test_the_parity_could_fail(fidelity):
    """The other resize, and the pool that torchvision has, are far outside the tolerance."""
    images = pictures(2)
    with torch.inference_mode():
        features, _, _ = fidelity(images)
    other = inception(weights=as_weights(random_weights()), resize="torch-half-pixel")
    assert relative(other.extract(other.prepare(images)).features, features) > 1e-3
    net = InceptionNet(random_weights()).eval()
    net.blocks["mixed_10"][3][0].forward = lambda x: F.avg_pool2d(x, 3, 1, 1)
    with torch.inference_mode():
        found = net((resize(images, "tf1") - 128) / 128)[0]
    assert relative(found, features) > 1e-3
