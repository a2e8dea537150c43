"""Whole scores against the peers', from folders of real pictures, with the same random weights.

Measured with torch-fidelity 0.4.0, torchmetrics 1.9.0, pytorch-fid 0.3.0, clean-fid 0.1.35,
SciPy 1.17.1 and torch 2.13.0 on a CPU.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganbench
from ganbench.evaluation.inception_net import InceptionNet
from ganbench.evaluation.random_conv import random_conv
from ganbench.measures.frechet import frechet
from ganbench.measures.inception_score import inception_score
from ganbench.moments import Moments
from tests.evaluation.inception_weights import random_weights, state_dict
from tests.parity.shim import peer, torchvision

CIFAR = Path(__file__).parents[3] / "shared/data/cifar10-jpg"
N = 40


def pictures(part, n):
    """Pictures of CIFAR-10, spread over its classes; uint8 n×32×32×3."""
    path = CIFAR / f"cifar10-{part}-jpg.zip"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        chosen = names[:: len(names) // n][:n]
        files = [Image.open(io.BytesIO(archive.read(name))).convert("RGB") for name in chosen]
    return np.stack([np.asarray(file) for file in files])


@pytest.fixture(scope="module")
def arrays():
    return {"real": pictures("train", N), "fake": pictures("test", N)}


@pytest.fixture(scope="module")
def folders(arrays, tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for name, images in arrays.items():
        (root / name).mkdir()
        for i, image in enumerate(images):
            Image.fromarray(image).save(root / name / f"{i:03}.png")
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(state_dict(random_weights()), path)
    return path


@pytest.fixture(scope="module")
def ours(folders, weights):
    """Our scores by name, for a resize."""

    def score(resize, *measures):
        eye = f"inception[weights={weights},trust=true,resize={resize}]"
        sides = folders / "real", folders / "fake"
        found = ganbench.evaluate(
            *sides, measures, extractor=eye, seed=2020, baseline=False, cache=False
        )
        return {score.measure: score.value for score in found}

    return score


@pytest.mark.filterwarnings("ignore")
def test_folders_as_torch_fidelity_scores_them(folders, weights, ours):
    torchvision()
    expected = peer("torch_fidelity").calculate_metrics(
        input1=str(folders / "fake"),
        input2=str(folders / "real"),
        feature_extractor_weights_path=str(weights),
        cuda=False,
        cache=False,
        verbose=False,
        fid=True,
        isc=True,
        kid=True,
        isc_splits=1,
        kid_subsets=10,
        kid_subset_size=20,
        rng_seed=2020,
    )
    names = ("frechet", "inception_score:splits=1", "kid:subsets=10,size=20")
    found = ours("tf1", *names)
    pairs = {
        "frechet": ("frechet_inception_distance", 1e-4),
        "inception_score": ("inception_score_mean", 1e-5),
        "kid": ("kernel_inception_distance_mean", 1e-3),
    }
    for name, (theirs, tolerance) in pairs.items():
        assert found[name] == pytest.approx(expected[theirs], rel=tolerance), name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_frechet_as_torchmetrics_scores_it(arrays, weights, ours):
    torchvision()
    module = peer("torchmetrics.image.fid")
    metric = module.FrechetInceptionDistance(feature_extractor_weights_path=str(weights))
    for name, images in arrays.items():
        metric.update(torch.from_numpy(images).permute(0, 3, 1, 2), real=name == "real")
    found = ours("torch-antialias", "frechet")["frechet"]
    assert found == pytest.approx(metric.compute().item(), rel=1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_frechet_as_clean_fid_scores_it(folders, ours):
    torchvision()
    theirs = peer("cleanfid.fid")
    net = InceptionNet(random_weights(), folded=False).eval()
    sides = [
        theirs.get_folder_features(
            str(folders / side),
            model=lambda x: net((x - 128) / 128)[0],
            num_workers=0,
            device=torch.device("cpu"),
            mode="clean",
            verbose=False,
        )
        for side in ("fake", "real")
    ]
    found = ours("clean", "frechet")["frechet"]
    assert found == pytest.approx(theirs.fid_from_feats(*sides), rel=1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_frechet_as_pytorch_fid_scores_it(folders, ours, monkeypatch):
    torchvision()
    state = state_dict(random_weights())
    module = peer("pytorch_fid.inception")
    monkeypatch.setattr(module, "load_state_dict_from_url", lambda *args, **kwargs: state)
    paths = [str(folders / side) for side in ("real", "fake")]
    expected = peer("pytorch_fid.fid_score").calculate_fid_given_paths(paths, 20, "cpu", 2048, 0)
    assert ours("torch-half-pixel", "frechet")["frechet"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.filterwarnings("ignore")
def test_frechet_of_the_same_statistics():
    """With more pictures than dimensions every peer's square root is well defined."""
    torchvision()
    eye = random_conv()
    sides = []
    for part in ("train", "test"):
        images = torch.from_numpy(pictures(part, 1500)).permute(0, 3, 1, 2)
        sides.append(Moments.of(eye.extract(eye.prepare(images)).features))
    found = frechet(*sides)
    stats = [(m.mean.numpy(), m.covariance.numpy()) for m in sides]
    flat = [array for pair in stats for array in pair]
    one, other = ({"mu": mu, "sigma": sigma} for mu, sigma in stats)
    peers = {
        "pytorch-fid": peer("pytorch_fid.fid_score").calculate_frechet_distance(*flat),
        "clean-fid": peer("cleanfid.fid").frechet_distance(*flat),
        "torch-fidelity": peer("torch_fidelity.metric_fid").fid_statistics_to_metric(
            one, other, False
        )["frechet_inception_distance"],
        "torchmetrics": peer("torchmetrics.image.fid")
        ._compute_fid(*map(torch.from_numpy, flat))
        .item(),
    }
    for name, expected in peers.items():
        assert found == pytest.approx(expected, rel=1e-6), name


def test_inception_score_of_torch_fidelity():
    """Without splits to 1e-9; with ten the orders differ, and the means over orders agree."""
    torchvision()
    module = peer("torch_fidelity.metric_isc")
    logits = torch.randn((503, 30), generator=torch.Generator().manual_seed(0)) * 3
    probs = logits.double().softmax(1)

    def theirs(splits, seed):
        return module.isc_features_to_metric(logits, splits, rng_seed=seed)["inception_score_mean"]

    assert inception_score(probs, splits=1) == pytest.approx(theirs(1, 0), rel=1e-9)
    found = [inception_score(probs, splits=10, seed=seed) for seed in range(200)]
    expected = [theirs(10, seed) for seed in range(200)]
    error = np.hypot(np.std(found), np.std(expected)) / 200**0.5
    assert abs(np.mean(found) - np.mean(expected)) < 3 * error < 5e-3 * np.mean(expected)
