"""Precision, recall, density, coverage and KID against torch-fidelity 0.4.0 and prdc 0.2."""

import contextlib
import io

import numpy as np
import pytest
import torch

from ganbench.measures.manifold import coverage, density, precision, recall
from ganbench.measures.mmd import kid
from ganbench.measures.neighbours import neighbours
from tests.parity.shim import peer, torchvision


def features(n, seed, gain=1.0):
    """Non-negative with a common mean, as pooled features are; float32 n×64."""
    draws = torch.Generator().manual_seed(seed)
    mix = torch.randn((12, 64), generator=torch.Generator().manual_seed(99))
    return (gain * torch.randn((n, 12), generator=draws) @ mix + 2).relu()


REAL, FAKE = features(900, 0), features(700, 1, gain=0.8)


@pytest.mark.parametrize(("real", "fake"), [(REAL, FAKE), (FAKE, REAL), (REAL, REAL[:400])])
@pytest.mark.parametrize("k", [3, 5])
def test_prdc(real, fake, k):
    """The asymmetric case both ways: nothing is exchanged. A set in another has no exact ties."""
    module = peer("prdc")
    with contextlib.redirect_stdout(io.StringIO()):
        found = module.compute_prdc(real.double().numpy(), fake.double().numpy(), k)
    pair = neighbours(real, fake)
    for measure in (precision, recall, density, coverage):
        assert measure(pair, k=k) == pytest.approx(found[measure.__name__], abs=1e-12)


@pytest.mark.parametrize("exchanged", [False, True])
def test_precision_and_recall_of_torch_fidelity(exchanged):
    """Its input 1 is generated and its input 2 real, since 0.4.0."""
    torchvision()
    module = peer("torch_fidelity.metric_prc")
    real, fake = (FAKE, REAL) if exchanged else (REAL, FAKE)
    found = module.prc_features_to_metric(
        fake.double(), real.double(), prc_neighborhood=3, verbose=False
    )
    pair = neighbours(real, fake)
    assert precision(pair) == pytest.approx(found["precision"], abs=1e-6)
    assert recall(pair) == pytest.approx(found["recall"], abs=1e-6)
    assert precision(pair) != pytest.approx(recall(pair), abs=0.01)


@pytest.mark.parametrize(("real", "fake"), [(REAL, FAKE), (FAKE, REAL)])
def test_subsets_of_torch_fidelity(real, fake):
    """The same draws; it adds up in the precision of the features, here float64."""
    torchvision()
    module = peer("torch_fidelity.metric_kid")
    knobs = {"kid_subsets": 20, "kid_subset_size": 200, "rng_seed": 2020, "verbose": False}
    found = module.kid_features_to_metric(fake.double(), real.double(), **knobs)
    expected = found["kernel_inception_distance_mean"]
    assert kid(real, fake, subsets=20, size=200, seed=2020) == pytest.approx(expected, rel=1e-6)
    found = module.kid_features_to_metric(fake, real, **knobs)
    assert np.isclose(expected, found["kernel_inception_distance_mean"], rtol=1e-4)
