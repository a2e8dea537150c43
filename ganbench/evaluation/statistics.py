"""Reference statistics as one portable file, and the files of other programs.

A file is safetensors: `mean` (D), `scatter` (D×D), both float64, the same of the spatial features
(`spatial_mean`, `spatial_scatter`) and `features` (N×D float32) where they were kept. Its header's
entry `ganbench` is JSON: format, name, n, fingerprint of the images, the extractor with its digest
and protocol. `mu` and `sigma` of an .npz (pytorch-fid, TTUR, clean-fid) are read as well, and so
are clean-fid's features (`feats`); such a file does not say what made it, and the score warns.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import orjson
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbench.errors import InputError
from ganbench.evaluation.sample import NotApplicable, Sample
from ganbench.moments import Moments, SpatialMoments
from ganbench.types import Extractor, Images, Outputs

FORMAT = 1
UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is known of a set of images: moments, and features if they were kept.

    `n` is None where the file does not say; `moments.n` is then 2 and only the covariance means
    something. `extractor` has name, digest and protocol; the digest of a foreign file is "unknown".
    """

    name: str
    n: int | None
    fingerprint: str
    extractor: Mapping[str, Any]
    moments: Moments
    spatial: Moments | None = None
    features: Tensor | None = None

    def __add__(self, other: Statistics) -> Statistics:
        """Of both sets together. Raises InputError if they cannot be added."""
        if self.n is None or other.n is None:
            unknown = self if self.n is None else other
            raise InputError(
                f"{unknown.name} does not say of how many images it is; it cannot be merged"
            )
        if self.extractor["digest"] != other.extractor["digest"]:
            raise InputError(
                f"{self.name} is of the extractor {describe(self.extractor)} and {other.name} of "
                f"{describe(other.extractor)}: only statistics of one extractor can be merged"
            )
        spatial, features = None, None
        if self.spatial is not None and other.spatial is not None:
            spatial = self.spatial + other.spatial
        if self.features is not None and other.features is not None:
            features = torch.cat((self.features, other.features))
        joined = hashlib.sha256(f"{self.fingerprint} + {other.fingerprint}".encode())
        return Statistics(
            f"{self.name} + {other.name}",
            self.n + other.n,
            f"sha256:{joined.hexdigest()[:16]}",
            self.extractor,
            self.moments + other.moments,
            spatial,
            features,
        )


def effective_dimensions(moments: Moments) -> float:
    """(Σλ)²/Σλ² of the covariance's eigenvalues: how many dimensions carry the variance."""
    covariance = moments.covariance
    return (covariance.trace().square() / covariance.square().sum()).item()


def describe(extractor: Mapping[str, Any]) -> str:
    """An extractor in words: name and the beginning of its digest."""
    return f"{extractor['name']} ({extractor['digest'][:12]})"


def of(sample: Sample, keep_features: bool = False) -> Statistics:
    """The statistics of a sample."""
    extractor = sample.extractor
    spatial = sample.outputs.spatial is not None
    return Statistics(
        sample.images.name,
        sample.n,
        sample.images.fingerprint,
        {
            "name": extractor.name,
            "digest": extractor.digest,
            "protocol": dict(extractor.protocol),
        },
        sample.moments,
        sample.spatial_moments if spatial else None,
        sample.features if keep_features else None,
    )


def save(statistics: Statistics, path: Path) -> None:
    """Writes the file, whole or not at all. Raises InputError if it cannot be written."""
    moments, spatial = statistics.moments, statistics.spatial
    tensors = {"mean": moments.mean.contiguous(), "scatter": moments.scatter.contiguous()}
    if spatial is not None:
        tensors |= {"spatial_mean": spatial.mean, "spatial_scatter": spatial.scatter.contiguous()}
    if statistics.features is not None:
        tensors["features"] = statistics.features.contiguous()
    about = {
        "format": FORMAT,
        "name": statistics.name,
        "n": statistics.n,
        "fingerprint": statistics.fingerprint,
        "extractor": dict(statistics.extractor),
    }
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, part, metadata={"ganbench": orjson.dumps(about).decode()})
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error}") from error


def is_statistics(path: Path) -> bool:
    """Whether the file holds statistics, ours or another program's, rather than images."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                return "ganbench" in (file.metadata() or {})
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {"mu", "sigma"} <= set(arrays.files) or "feats" in arrays.files
    except (OSError, ValueError, SafetensorError, zipfile.BadZipFile):
        return False
    return False


def load(path: Path) -> Statistics:
    """Reads a file of statistics. Raises InputError, naming the file, if it is damaged."""
    try:
        return _load_ours(path) if path.suffix == ".safetensors" else _load_foreign(path)
    except (OSError, ValueError, KeyError, SafetensorError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read as reference statistics: {error}") from error


def _load_ours(path: Path) -> Statistics:
    with safe_open(path, "pt") as file:
        about = orjson.loads(file.metadata()["ganbench"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if about["format"] != FORMAT:
        raise InputError(f"{path} has format {about['format']}; this version reads {FORMAT}")
    n = about["n"]
    spatial = None
    if "spatial_mean" in tensors:
        spatial = Moments(n or 2, tensors["spatial_mean"], tensors["spatial_scatter"])
    return Statistics(
        about["name"],
        n,
        about["fingerprint"],
        about["extractor"],
        Moments(n or 2, tensors["mean"], tensors["scatter"]),
        spatial,
        tensors.get("features"),
    )


def _load_foreign(path: Path) -> Statistics:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: np.asarray(file[name]) for name in file.files}
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    known = (str(path), f"sha256:{digest.hexdigest()[:16]}")
    extractor = {"name": UNKNOWN, "digest": UNKNOWN, "protocol": {}}
    if "feats" in arrays:
        features = torch.from_numpy(np.asarray(arrays["feats"], dtype=np.float32))
        if features.dim() != 2 or len(features) < 2:
            raise InputError(f"{path}: feats has shape {tuple(features.shape)}, expected N×D")
        n = len(features)
        return Statistics(known[0], n, known[1], extractor, Moments.of(features), None, features)
    mean, covariance = (torch.from_numpy(arrays[name]).double() for name in ("mu", "sigma"))
    if mean.dim() != 1 or covariance.shape != (len(mean), len(mean)):
        raise InputError(
            f"{path}: mu has shape {tuple(mean.shape)} and sigma {tuple(covariance.shape)}, "
            "expected D and D×D"
        )
    if not (mean.isfinite().all() and covariance.isfinite().all()):
        raise InputError(f"{path}: mu or sigma holds values that are not finite")
    return Statistics(known[0], None, known[1], extractor, Moments(2, mean, covariance))


class Known(Sample):
    """A sample of which only statistics are known; any other view raises NotApplicable."""

    def __init__(self, statistics: Statistics, extractor: Extractor) -> None:
        name = statistics.name
        images = Images(
            name, statistics.n or 0, (), lambda size: _refuse(name), statistics.fingerprint
        )
        super().__init__(images, extractor)
        self.statistics = statistics
        self.moments = statistics.moments
        if statistics.spatial is not None:
            self.spatial_moments = SpatialMoments(statistics.spatial)
        if statistics.features is not None:
            self.outputs = Outputs(statistics.features)

    @property
    def divisible(self) -> bool:
        """Whether features were kept."""
        return self.statistics.features is not None

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a foreign file leaves open."""
        if self.statistics.extractor["digest"] != UNKNOWN:
            return ()
        n = "" if self.statistics.n else ", nor of how many images it is"
        return (
            f"{self.images.name} does not say which network and resize made it{n}: the score is "
            "right only if they are those of the fakes",
        )


def known(path: Path, extractor: Extractor) -> Known:
    """The file as a sample for that extractor.

    Raises InputError if it was made by another extractor, or has another number of features.
    """
    statistics = load(path)
    digest = statistics.extractor["digest"]
    if digest not in (UNKNOWN, extractor.digest):
        raise InputError(
            f"{path} was made with the extractor {describe(statistics.extractor)}, "
            f"not with {describe({'name': extractor.name, 'digest': extractor.digest})}; "
            "its numbers would not mean the same"
        )
    return Known(replace(statistics, name=str(path)), extractor)


def _refuse(name: str) -> NoReturn:
    raise NotApplicable(f"{name} holds statistics, not images")
