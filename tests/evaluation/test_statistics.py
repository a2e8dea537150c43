"""Files of statistics: exact, mergeable, and those of other programs."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganbench.errors import InputError
from ganbench.evaluation import statistics
from ganbench.evaluation.evaluator import Evaluator
from ganbench.evaluation.extractors import coordinates
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.measures.frechet import frechet
from ganbench.moments import Moments
from ganbench.types import Extractor, Points


def sample(n, seed, shift=0.0, name="points"):
    tensor = torch.randn((n, 4), generator=torch.Generator().manual_seed(seed)) + shift
    points = Points(name, n, (4,), lambda size: iter(tensor.split(size)), f"{name} {seed}")
    return Sample(points, coordinates())


def test_a_file_holds_what_it_was_given(tmp_path):
    one = sample(60, 0)
    statistics.save(statistics.of(one, keep_features=True), tmp_path / "a.safetensors")
    assert statistics.is_statistics(tmp_path / "a.safetensors")
    found = statistics.load(tmp_path / "a.safetensors")
    assert found.n == 60
    assert found.fingerprint == one.images.fingerprint
    assert torch.equal(found.moments.mean, one.moments.mean)
    assert torch.equal(found.moments.scatter, one.moments.scatter)
    assert torch.equal(found.features, one.features)


def test_merging_is_exact(tmp_path):
    a, b = sample(60, 0), sample(90, 1, shift=3.0)
    merged = statistics.of(a) + statistics.of(b)
    whole = Moments.of(torch.cat((a.features, b.features)))
    assert merged.n == 150
    torch.testing.assert_close(merged.moments.covariance, whole.covariance)
    torch.testing.assert_close(merged.moments.mean, whole.mean)


def test_a_file_scores_like_its_images(tmp_path):
    real, fake = sample(300, 0), sample(200, 1, shift=1.0)
    statistics.save(statistics.of(real), tmp_path / "a.safetensors")
    known = statistics.known(tmp_path / "a.safetensors", coordinates())
    names = ["frechet", "kid"]
    direct = list(Evaluator(real, baseline=False).score(fake, names))
    stored = list(Evaluator(known).score(fake, names))
    assert stored[0].value == pytest.approx(direct[0].value, rel=1e-12)
    assert stored[0].fingerprint == direct[0].fingerprint
    assert stored[0].interval is not None
    assert stored[0].spread.real == ()  # the reference counts as fixed
    assert stored[1].value is None
    assert "holds statistics, not images" in stored[1].warnings[0]


def test_kept_features_serve_the_other_measures(tmp_path):
    real, fake = sample(300, 0), sample(200, 1, shift=1.0)
    statistics.save(statistics.of(real, keep_features=True), tmp_path / "a.safetensors")
    known = statistics.known(tmp_path / "a.safetensors", coordinates())
    (direct,) = Evaluator(real).score(fake, ["kid"])
    (stored,) = Evaluator(known).score(fake, ["kid"])
    assert stored.value == pytest.approx(direct.value, rel=1e-12)


def test_files_of_pytorch_fid_and_ttur(tmp_path):
    real, fake = sample(300, 0), sample(200, 1, shift=1.0)
    x = real.features.double().numpy()
    np.savez(tmp_path / "a.npz", mu=x.mean(0), sigma=np.cov(x.T))
    assert statistics.is_statistics(tmp_path / "a.npz")
    known = statistics.known(tmp_path / "a.npz", coordinates())
    assert frechet(known.moments, fake.moments) == pytest.approx(
        frechet(real.moments, fake.moments)
    )
    (score,) = Evaluator(known).score(fake, ["frechet"])
    assert score.n_real is None
    assert any("does not say" in warning for warning in score.warnings)


def test_features_of_clean_fid(tmp_path):
    real = sample(300, 0)
    np.savez(tmp_path / "a.npz", feats=real.features.numpy())
    known = statistics.known(tmp_path / "a.npz", coordinates())
    assert known.n == 300
    assert torch.equal(known.features, real.features)


def test_another_extractor_is_refused(tmp_path):
    statistics.save(statistics.of(sample(60, 0)), tmp_path / "a.safetensors")
    other = Extractor("other", "f" * 64, coordinates().extract)
    with pytest.raises(InputError, match=r"a\.safetensors was made with .*coordinates"):
        statistics.known(tmp_path / "a.safetensors", other)
    with pytest.raises(InputError, match="only statistics of one extractor"):
        statistics.of(sample(60, 0)) + statistics.of(Sample(sample(60, 1).images, other))


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.npz").write_text("x")
    with pytest.raises(InputError, match=r"a\.npz cannot be read as reference statistics"):
        statistics.load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", mu=np.zeros(3), sigma=np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"sigma \(2, 2\), expected D and D×D"):
        statistics.load(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", mu=np.array([np.nan, 0]), sigma=np.eye(2))
    with pytest.raises(InputError, match="not finite"):
        statistics.load(tmp_path / "c.npz")
    save_file({"images": torch.zeros(2)}, tmp_path / "d.safetensors")
    assert not statistics.is_statistics(tmp_path / "d.safetensors")
    np.savez(tmp_path / "e.npz", mu=np.zeros(2), sigma=np.eye(2))
    with pytest.raises(InputError, match="cannot be merged"):
        statistics.load(tmp_path / "e.npz") + statistics.of(sample(60, 0))


def test_statistics_are_no_images(tmp_path):
    statistics.save(statistics.of(sample(60, 0)), tmp_path / "a.safetensors")
    known = statistics.known(tmp_path / "a.safetensors", coordinates())
    with pytest.raises(NotApplicable, match="holds statistics"):
        _ = known.features
