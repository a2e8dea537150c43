"""Weights: found, verified, converted from any of the three files, and refused with a reason."""

import dataclasses
import hashlib
import io
import tarfile
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from ganbench.errors import InputError
from ganbench.evaluation import weights as module
from ganbench.evaluation.graphdef import read_constants
from ganbench.evaluation.inception_layouts import (
    NVIDIA,
    PYTORCH_FID,
    TENSORFLOW,
    content_digest,
    names,
)
from ganbench.evaluation.torchscript import read_tensors
from ganbench.evaluation.weights import SOURCES, fetch, load_weights
from tests.evaluation.inception_weights import (
    node,
    random_weights,
    state_dict,
    write_graphdef,
    write_torchscript,
)

PTH, PT, PB = (source.file for source in SOURCES)


@pytest.fixture(scope="module")
def tensors():
    return random_weights(seed=2, gamma=False)


@pytest.fixture(scope="module")
def published(tmp_path_factory, tensors):
    """The three files, with random numbers in them."""
    folder = tmp_path_factory.mktemp("published")
    torch.save(state_dict(tensors), folder / PTH)
    write_torchscript(folder / PT, tensors)
    write_graphdef(folder / PB, tensors)
    return folder


def sources(published):
    """SOURCES, as if these files were the published ones, at file:// addresses."""
    return tuple(
        dataclasses.replace(
            source,
            size=(published / source.file).stat().st_size,
            sha256=hashlib.sha256((published / source.file).read_bytes()).hexdigest(),
            url=(published / source.file).as_uri(),
        )
        for source in SOURCES
    )


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANBENCH_INCEPTION", raising=False)
    monkeypatch.delenv("GANBENCH_DOWNLOAD", raising=False)
    return tmp_path / "cache" / "weights"


@pytest.fixture
def known(published, monkeypatch):
    rows = sources(published)
    monkeypatch.setattr(module, "SOURCES", rows)
    return rows


@pytest.mark.parametrize("file", [PTH, PT, PB])
def test_each_file_gives_the_same_weights(published, known, tensors, cache, file):
    found = load_weights(published / file)
    assert found.verified
    assert found.source == file
    assert found.label == found.content == content_digest(tensors)
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors.items())
    # kept as safetensors, and found there without a name
    (kept,) = cache.iterdir()
    assert kept.suffix == ".safetensors"
    again = load_weights()
    assert (again.content, again.source, again.verified) == (found.content, file, True)
    assert load_weights(kept).content == found.content


def test_the_content_digest_feels_every_number(tensors):
    other = dict(tensors)
    other["softmax/bias"] = other["softmax/bias"].clone()
    other["softmax/bias"][-1] += 1e-6
    assert content_digest(other) != content_digest(tensors)
    backwards = dict(reversed(tensors.items()))
    assert content_digest(backwards) == content_digest(tensors)


def test_path_before_variable_before_cache(published, known, tmp_path, monkeypatch, cache):
    cache.mkdir(parents=True)
    (cache / PB).write_bytes((published / PB).read_bytes())
    assert load_weights().source == PB
    monkeypatch.setenv("GANBENCH_INCEPTION", str(published / PT))
    assert load_weights().source == PT
    assert load_weights(published / PTH).source == PTH
    monkeypatch.setenv("GANBENCH_INCEPTION", str(tmp_path / "typo.pth"))
    with pytest.raises(InputError, match=r"typo.pth \(from \$GANBENCH_INCEPTION\) is no file"):
        load_weights()


def test_without_a_file_it_says_what_to_do():
    with pytest.raises(InputError) as error:
        load_weights()
    for words in (PTH, PT, PB, "https://", "$GANBENCH_INCEPTION", "GANBENCH_DOWNLOAD=1"):
        assert words in str(error.value)
    assert "efficientnet-lite0" in str(error.value)


def test_the_sums_are_whole():
    """As published; the eight digits in the name of the .pth are the first of its sum."""
    assert all(len(source.sha256) == 64 and int(source.sha256, 16) for source in SOURCES)
    assert SOURCES[0].sha256[:8] == PTH.split("-")[-1].removesuffix(".pth")
    assert [source.size for source in SOURCES] == [95_628_359, 95_607_719, 95_673_916]
    assert all(source.url.startswith("https://") for source in SOURCES)
    assert all(source.url.endswith("/" + source.file) for source in SOURCES)


def test_an_unknown_file_is_refused_unless_it_is_trusted(published, cache):
    path = published / PTH
    with pytest.raises(InputError, match="none of the published ones") as error:
        load_weights(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(error.value)
    found = load_weights(path, trust=True)
    assert not found.verified
    assert found.label == f"unverified {found.content}"
    assert not cache.exists()  # nothing unverified is picked up later


def test_tensorflows_own_archive(published, known, tmp_path):
    path = tmp_path / "inception-2015-12-05.tgz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        archive.addfile(tarfile.TarInfo("LICENSE"), io.BytesIO())
        archive.add(published / PB, PB)
    assert load_weights(path).source == PB
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("LICENSE"), io.BytesIO())
    with pytest.raises(InputError, match="holds no classify_image_graph_def"):
        load_weights(path)


def test_download_is_verified_and_whole(published, known, cache, monkeypatch):
    with pytest.raises(InputError, match="GANBENCH_DOWNLOAD=1"):
        load_weights()
    assert not cache.exists()
    monkeypatch.setenv("GANBENCH_DOWNLOAD", "1")
    seen = []
    found = load_weights(progress=lambda done, total: seen.append((done, total)))
    assert found.verified
    assert found.source == PTH
    assert seen == sorted(seen)
    assert seen[-1] == (known[0].size, known[0].size)
    assert not list(cache.glob("*.part"))


def test_a_download_that_fails_falls_through_to_the_next(known, monkeypatch, tmp_path, published):
    wrong = dataclasses.replace(known[0], sha256="0" * 64)
    longer = dataclasses.replace(known[1], size=known[1].size - 1)
    gone = dataclasses.replace(known[2], url=(tmp_path / "gone.pb").as_uri())
    monkeypatch.setattr(module, "SOURCES", (wrong, longer, known[2]))
    assert fetch(tmp_path / "to").name == PB
    assert [file.name for file in (tmp_path / "to").iterdir()] == [PB]
    monkeypatch.setattr(module, "SOURCES", (wrong, longer, gone))
    with pytest.raises(InputError) as error:
        fetch(tmp_path / "to2")
    assert str(error.value).count("not what was published") == 2
    assert "gone.pb" in str(error.value)
    assert not list((tmp_path / "to2").iterdir())


@pytest.mark.parametrize("place", ["header", "numbers", "end"])
def test_a_damaged_cache_is_named(published, known, cache, place):
    load_weights(published / PTH)
    (kept,) = cache.iterdir()
    raw = bytearray(kept.read_bytes())
    if place == "end":
        raw = raw[:-1000]
    else:
        raw[{"header": 20, "numbers": -1000}[place]] ^= 64
    kept.write_bytes(raw)
    with pytest.raises(InputError, match=rf"{kept.name} is .*delete it"):
        load_weights()


def test_safetensors_of_unknown_origin(tmp_path, tensors):
    path = tmp_path / "mine.safetensors"
    save_file(tensors, path)
    with pytest.raises(InputError, match="of which published file"):
        load_weights(path)
    assert load_weights(path, trust=True).label == f"unverified {content_digest(tensors)}"
    save_file({"x": torch.ones(1)}, path)
    with pytest.raises(InputError, match="is not the Inception network"):
        load_weights(path, trust=True)


class Harmful:
    def __reduce__(self):
        return exec, ("raise SystemExit('code ran')",)


def test_nothing_in_a_file_is_run(tmp_path, published):
    torch.save({"fc.weight": Harmful()}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="cannot be read as PyTorch tensors"):
        load_weights(tmp_path / "a.pth", trust=True)
    # an archive whose data.pkl calls something
    program = b"c__builtin__\nexec\n(X\x0b\x00\x00\x00raise Exit()tR."
    with zipfile.ZipFile(tmp_path / "b.pt", "w") as archive:
        archive.writestr("m/data.pkl", program)
        archive.writestr("m/code/__torch__.py", "")
    with pytest.raises(InputError, match="it would call __builtin__ exec"):
        load_weights(tmp_path / "b.pt", trust=True)


@pytest.mark.parametrize("file", [PTH, PT, PB])
@pytest.mark.parametrize("cut", [5, 1000, -70_000_000, -1000])
def test_a_file_cut_short_is_refused_by_name(published, tmp_path, file, cut):
    path = tmp_path / file
    path.write_bytes((published / file).read_bytes()[:cut])
    for trust in (False, True):
        with pytest.raises(InputError, match=file):
            load_weights(path, trust=trust)


def test_another_network_is_refused(tmp_path, tensors):
    state = state_dict(tensors)
    path = tmp_path / "x.pth"
    for name, value, words in (
        (
            "fc.weight",
            torch.zeros(1000, 2048),
            r"softmax/weight is float32 of shape \(1000, 2048\)",
        ),
        ("fc.bias", None, "it lacks fc.bias"),
        ("Conv2d_1a_3x3.bn.bias", torch.full((32,), torch.nan), "not finite"),
        ("Conv2d_1a_3x3.bn.bias", torch.zeros(32).half(), "conv/beta is float16"),
    ):
        changed = {**state, name: value}
        if value is None:
            del changed[name]
        torch.save(changed, path)
        with pytest.raises(InputError, match=words):
            load_weights(path, trust=True)


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"PK\x03\x04 not a zip", b"\n\xff\xff"]
)
def test_what_is_no_network_at_all(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(InputError, match="weights"):
        load_weights(path, trust=True)


def test_names_of_the_published_files():
    """As torch-fidelity's converter, and ports that load NVIDIA's state dict, have them."""
    pth, pt, pb = (names(layout) for layout in (PYTORCH_FID, NVIDIA, TENSORFLOW))
    rows = {
        "conv/weight": (
            "Conv2d_1a_3x3.conv.weight",
            "layers.conv.weight",
            "conv/conv2d_params",
        ),
        "mixed/tower/conv_1/beta": (
            "Mixed_5b.branch5x5_2.bn.bias",
            "layers.mixed.tower.conv_1.beta",
            "mixed/tower/conv_1/batchnorm/beta",
        ),
        "mixed_6/conv/gamma": (
            "Mixed_6d.branch1x1.bn.weight",
            "",
            "mixed_6/conv/batchnorm/gamma",
        ),
        "mixed_8/tower_1/conv_3/variance": (
            "Mixed_7a.branch7x7x3_4.bn.running_var",
            "layers.mixed_8.tower_1.conv_3.var",
            "mixed_8/tower_1/conv_3/batchnorm/moving_variance",
        ),
        "mixed_9/conv/mean": (
            "Mixed_7b.branch1x1.bn.running_mean",
            "layers.mixed_9.conv.mean",
            "mixed_9/conv/batchnorm/moving_mean",
        ),
        "mixed_10/tower_1/mixed/conv_1/mean": (
            "Mixed_7c.branch3x3dbl_3b.bn.running_mean",
            "layers.mixed_10.tower_1_mixed_conv_1.mean",
            "mixed_10/tower_1/mixed/conv_1/batchnorm/moving_mean",
        ),
        "softmax/bias": ("fc.bias", "output.bias", "softmax/biases"),
    }
    for ours, expected in rows.items():
        assert (pth[ours], pt[ours], pb[ours]) == expected


def test_graph_constants():
    """Raw content, a list of values, one value for all; nothing of other types and operations."""
    grid = torch.arange(6.0).view(2, 3)
    raw = (
        node("a", tensor=grid)
        + node("b", floats=[1, 2], shape=(2,))
        + node("c", floats=[7], shape=(2, 2))
        + node("d", floats=[5], shape=())
        + node("e", "Conv2D")
        + node("f", "Variable", tensor=grid)
    )
    found = read_constants(raw, "x.pb")
    assert set(found) == {"a", "b", "c", "d"}
    assert torch.equal(found["a"], grid)
    assert found["b"].tolist() == [1, 2]
    assert found["c"].tolist() == [[7, 7], [7, 7]]
    assert found["d"].item() == 5
    for bad in (b"\x0a\x05ab", b"\xff" * 11, raw[:-3], b"\x0b"):
        with pytest.raises(InputError, match=r"x\.pb"):
            read_constants(bad, "x.pb")


@pytest.mark.filterwarnings("ignore")
def test_tensors_of_an_archive(tmp_path):
    """Against torch's own state dict: views, other dtypes, lists and numbers between."""

    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(4, 3).T)
            self.register_buffer("count", torch.tensor(70_000))
            self.register_buffer("narrow", torch.randn(2, 5).half()[:, 1:3])
            self.steps, self.rate, self.name, self.flag = [1, 300, 70_000], 0.5, "x", True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight * self.rate

    net = torch.nn.Sequential(Inner(), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 3))
    torch.jit.script(net).save(str(tmp_path / "m.pt"))
    found, expected = read_tensors(tmp_path / "m.pt"), net.state_dict()
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype
