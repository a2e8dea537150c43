"""The weights of the Inception network: found, downloaded when allowed, verified, converted.

Three files with the same numbers are published; any of them will do. None is trusted with code:
the .pth is read as tensors only, the .pt and the .pb by readers of our own. What was read once is
kept as safetensors below the cache folder.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tarfile
import uuid
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbench.downloads import Progress, cache_dir, download
from ganbench.errors import InputError
from ganbench.evaluation.graphdef import read_constants
from ganbench.evaluation.inception_layouts import (
    NVIDIA,
    PYTORCH_FID,
    TENSORFLOW,
    canonical,
    check,
    content_digest,
)
from ganbench.evaluation.torchscript import is_torchscript, read_tensors

VARIABLE = "GANBENCH_INCEPTION"
ALLOW = "GANBENCH_DOWNLOAD"
MEMBER = "classify_image_graph_def.pb"  # of TensorFlow's inception-2015-12-05.tgz


@dataclass(frozen=True)
class Source:
    """A published file: its name, size in bytes, sha256 and where it is."""

    file: str
    size: int
    sha256: str
    url: str


SOURCES = (
    Source(  # torch-fidelity's weights-inception-2015-12-05-6726825d.pth is the same file
        "pt_inception-2015-12-05-6726825d.pth",
        95_628_359,
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
    ),
    Source(
        "inception-2015-12-05.pt",
        95_607_719,
        "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
        "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/"
        "inception-2015-12-05.pt",
    ),
    Source(
        "classify_image_graph_def.pb",
        95_673_916,
        "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6",
        "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/ref_batches/"
        "classify_image_graph_def.pb",
    ),
)


@dataclass(frozen=True, eq=False)
class Weights:
    """The tensors of `inception_net.shapes()`, float32.

    `content` is the sha256 of the numbers, whatever file they came in; `source` is the name of the
    published file, and `verified` whether its sha256 was that of the publication.
    """

    tensors: Mapping[str, Tensor]
    content: str
    source: str
    verified: bool

    @property
    def label(self) -> str:
        """For a protocol: `content`, and "unverified " in front of it if it is not verified."""
        return self.content if self.verified else f"unverified {self.content}"


def load_weights(
    path: str | Path | None = None,
    *,
    download: bool | None = None,
    trust: bool = False,
    progress: Progress | None = None,
) -> Weights:
    """The weights from `path`, else from $GANBENCH_INCEPTION, else from the cache, else downloaded.

    `download` is by default whether $GANBENCH_DOWNLOAD is 1. `trust` also takes a file whose sha256
    is unknown, and says so in the result. Raises InputError if there is no file, or one that is not
    what was published, or that cannot be read.
    """
    if download is None:
        download = os.environ.get(ALLOW) == "1"
    found = _find(path)
    if found is None and download:
        found = fetch(folder(), progress)
    if found is None:
        raise InputError(_missing())
    try:
        return _load(found, trust)
    except OSError as error:
        raise InputError(f"{found} cannot be read: {error.strerror or error}") from error


def folder() -> Path:
    """Where downloaded and converted weights are kept."""
    return cache_dir() / "weights"


def _find(path: str | Path | None) -> Path | None:
    """The file that was named, or the first of the cache."""
    named = path or os.environ.get(VARIABLE)
    if named:
        found = Path(named).expanduser()
        if not found.is_file():
            by = "" if path else f" (from ${VARIABLE})"
            raise InputError(f"{found}{by} is no file; {_missing()}")
        return found
    known = [folder() / _kept(source.sha256) for source in SOURCES]
    known += [folder() / source.file for source in SOURCES]
    return next((file for file in known if file.is_file()), None)


def _kept(sha256: str) -> str:
    return f"inception-2015-12-05-{sha256[:12]}.safetensors"


def _missing() -> str:
    files = "\n".join(f"  {source.file}  {source.url}" for source in SOURCES)
    return (
        f"the Inception weights are needed. Put one of these into {folder()}, or name it with "
        f"${VARIABLE}:\n{files}\nor allow the download (96 MB) with {ALLOW}=1. "
        "Without them there is the extractor efficientnet-lite0, which needs no download; "
        "its scores are no FID as papers quote it"
    )


def _load(path: Path, trust: bool) -> Weights:
    with path.open("rb") as file:
        head = file.read(9)
    if head[8:9] == b"{":
        return _from_safetensors(path, trust)
    graph = _from_tgz(path) if head[:2] == b"\x1f\x8b" else None
    sha256 = hashlib.sha256(graph).hexdigest() if graph else _sha256(path)
    source = next((source for source in SOURCES if source.sha256 == sha256), None)
    if source is None and not trust:
        sums = "".join(f"\n  {s.sha256}  {s.file}  {s.size:,} bytes" for s in SOURCES)
        raise InputError(
            f"{path} ({path.stat().st_size:,} bytes) has the sha256 {sha256}, which is none of the "
            f"published ones:{sums}\nIt is cut short or another network; "
            f"inception[weights={path},trust=true] takes it all the same"
        )
    kept = folder() / _kept(sha256)
    if source and kept.is_file():
        return _from_safetensors(kept, trust)
    tensors = _convert(path, head, graph)
    weights = Weights(
        tensors, content_digest(tensors), source.file if source else path.name, source is not None
    )
    if source:
        _keep(kept, weights, sha256)
    return weights


def _convert(path: Path, head: bytes, graph: bytes | None) -> dict[str, Tensor]:
    """Our tensors from any of the three formats, which is known by the content, not the name."""
    if graph is None and head[:4] == b"PK\x03\x04" and _is_torchscript(path):
        return canonical(read_tensors(path), NVIDIA, path)
    if graph is None and head[:4] != b"PK\x03\x04" and head[:1] == b"\n":
        graph = path.read_bytes()
    if graph is not None:
        return canonical(read_constants(graph, str(path)), TENSORFLOW, path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the file makes its reader say
        reason = str(error).split("\n", 1)[0]
        raise InputError(f"{path} cannot be read as PyTorch tensors: {reason}") from error
    if not isinstance(state, Mapping):
        raise InputError(f"{path} holds a {type(state).__name__}, expected a state dict")
    return canonical({k: v for k, v in state.items() if isinstance(v, Tensor)}, PYTORCH_FID, path)


def _is_torchscript(path: Path) -> bool:
    try:
        return is_torchscript(path)
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is a damaged zip archive: {error}") from error


def _from_tgz(path: Path) -> bytes:
    """The graph in TensorFlow's archive."""
    try:
        with tarfile.open(path) as archive:
            member = next((m for m in archive if Path(m.name).name == MEMBER and m.isfile()), None)
            file = archive.extractfile(member) if member else None
            if file is None:
                raise InputError(f"{path} holds no {MEMBER}")
            return file.read()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is a damaged archive: {error}") from error


def _from_safetensors(path: Path, trust: bool) -> Weights:
    """Our own file. Its metadata name the published file that it was made of."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"{path} is damaged ({error}); delete it") from error
    check(tensors, path)
    content = content_digest(tensors)
    source = next((s for s in SOURCES if s.sha256 == metadata.get("sha256")), None)
    if metadata.get("content", content) != content:
        raise InputError(f"{path} is damaged: its numbers have another sum than it says; delete it")
    if (source is None or "content" not in metadata) and not trust:
        raise InputError(f"{path} does not say of which published file it was made")
    return Weights(tensors, content, source.file if source else path.name, source is not None)


def _keep(path: Path, weights: Weights, sha256: str) -> None:
    """Writes the converted weights; a full disk or a read-only folder only costs the next start."""
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    metadata = {"source": weights.source, "sha256": sha256, "content": weights.content}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(weights.tensors), part, metadata)
        part.replace(path)
    except (OSError, SafetensorError):
        part.unlink(missing_ok=True)


def fetch(into: Path, progress: Progress | None = None) -> Path:
    """Downloads the first published file that can be had to the folder `into`, verified.

    Written whole or not at all. Raises InputError that says why each of them could not be had.
    """
    reasons = []
    for source in SOURCES:
        part = into / f"{uuid.uuid4().hex}.part"
        try:
            into.mkdir(parents=True, exist_ok=True)
            _download(source, part, progress)
            return part.replace(into / source.file)
        except (OSError, InputError, http.client.HTTPException) as error:
            reasons.append(f"  {source.url}: {error}")
        finally:
            part.unlink(missing_ok=True)
    raise InputError("no download of the Inception weights:\n" + "\n".join(reasons))


def _download(source: Source, part: Path, progress: Progress | None) -> None:
    done, digest = download(source.url, part, source.size, progress)
    if done != source.size or digest != source.sha256:
        raise InputError(
            f"not what was published: {done:,} bytes of {source.size:,}, sha256 "
            f"{digest[:12]}… instead of {source.sha256[:12]}…"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
