"""MLflow's runs, through its client: a database, a folder `mlruns`, or a server."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import InputError
from ganbench.imports.foreign import (
    About,
    Config,
    Ended,
    Environment,
    Event,
    File,
    Foreign,
    Lost,
    Picture,
    Read,
    Scalars,
)
from ganbench.imports.missing import need
from ganbench.imports.parameters import typed
from ganbench.imports.values import whole

EXTRA = "mlflow"
STATES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}
EVERY = 5000  # points between two `Read`
LARGEST = sys.float_info.max  # what MLflow's databases keep of an infinity
# images/<key>+step+<n>+timestamp+<ms>+<uuid>.png; before MLflow 2.16 with % in place of +
IMAGE = re.compile(
    r"images/(?P<key>.+?)[+%]step[+%](?P<step>-?\d+)[+%]timestamp[+%](?P<time>\d+)[+%]"
    r"[0-9a-f-]{36}(?P<small>[+%]compressed)?\.(?:png|webp|jpe?g|gif)"
)


def runs(url: str, experiment: str | None = None) -> Iterator[Foreign]:
    """The runs at a tracking URL, of all experiments or of one, the oldest first.

    `url`: sqlite:///file.db or another database, a folder `mlruns`, or http(s)://…. Deleted runs
    are left out. Raises InputError if there are none, without MLflow, and where it refuses the URL.
    """
    url = _existing(url)
    client = _client(url)
    with _explained(url):
        experiments = _all(client.search_experiments)
    chosen = [e for e in experiments if experiment in (None, e.name, e.experiment_id)]
    if not chosen:
        names = ", ".join(repr(e.name) for e in experiments) or "none"
        raise InputError(f"{url} has no experiment {experiment!r}; there are: {names}")
    count = 0
    for one in sorted(chosen, key=lambda e: str(e.experiment_id)):
        with _explained(url):
            found = _all(client.search_runs, [one.experiment_id])
        count += len(found)
        for run in sorted(found, key=lambda run: run.info.start_time or 0):
            yield _foreign(client, url, one.name, run)
    if not count:
        raise InputError(f"{url} has no runs in {', '.join(repr(e.name) for e in chosen)}")


def _foreign(client: Any, url: str, experiment: str, run: Any) -> Foreign:
    info, data = run.info, run.data
    told = f"{info.status} {info.end_time} {sorted(data.metrics.items())} {sorted(data.params)}"
    return Foreign(
        tool="mlflow",
        key=str(info.run_id),
        where=_public(url),
        fingerprint=hashlib.sha256(told.encode()).hexdigest(),
        name=info.run_name or data.tags.get("mlflow.runName"),
        project=experiment,
        began=(info.start_time or 0) / 1000,
        size=max(len(data.metrics), 1),
        read=partial(_read, client, url, run),
    )


def _read(client: Any, url: str, run: Any) -> Iterator[Event]:
    data, info = run.data, run.info
    yield Config({name: typed(value) for name, value in sorted(data.params.items())})
    yield from _tags(data.tags)
    yield Environment({"artifacts": _public(info.artifact_uri or "")})
    yield from _metrics(client, info.run_id, sorted(data.metrics))
    with tempfile.TemporaryDirectory(prefix="ganbench-mlflow-") as folder:
        yield from _artifacts(client, url, info.run_id, "", Path(folder))
    state = STATES.get(info.status, "killed")
    reason = None if info.status in STATES else f"MLflow has it as {info.status}"
    yield Ended(state, info.end_time and info.end_time / 1000, reason)


def _tags(tags: dict[str, str]) -> Iterator[Event]:
    """Those of people are tags, as key or key=value; MLflow's own are facts."""
    own = {k.removeprefix("mlflow."): v for k, v in tags.items() if k.startswith("mlflow.")}
    notes = own.pop("note.content", None)
    command = own.get("source.name")
    words = [
        f"{name}={value}" if value else name
        for name, value in sorted(tags.items())
        if not name.startswith("mlflow.")
    ]
    yield About(tags=words, notes=notes, command=[command] if command else [])
    yield Environment(own)


def _metrics(client: Any, run: str, names: Sequence[str]) -> Iterator[Event]:
    """All histories, merged by time: points that were logged at once come one after another."""
    parts: list[NDArray[np.float64]] = []
    for i, name in enumerate(names):
        try:
            history = client.get_metric_history(run, name)
        except Exception as error:  # of MLflow's, its database's or the network's
            yield Lost(f"metric {name}: {error}")
            continue
        rows = [(p.timestamp / 1000, whole(p.step), i, _value(p.value)) for p in history]
        points = np.array(sorted(rows, key=lambda row: row[:2]), np.float64).reshape(-1, 4)
        if not points[:, 1].any():  # logged without steps: MLflow has 0 for all of them
            points[:, 1] = np.arange(len(points))
        parts.append(points)
        yield Read(i + 1)
    if not parts:
        return
    merged = np.concatenate(parts)
    merged = merged[np.lexsort((merged[:, 2], merged[:, 1], merged[:, 0]))]
    for n, (time, step, i, value) in enumerate(merged, 1):
        yield Scalars(int(step), float(time), {names[int(i)]: float(value)})
        if n % EVERY == 0:
            yield Read(len(names))


def _value(value: float) -> float:
    return value if abs(value) != LARGEST else float("inf") * value


def _artifacts(client: Any, url: str, run: str, path: str, folder: Path) -> Iterator[Event]:
    """Logged images as pictures; their small copies, which MLflow makes, are left out."""
    try:
        listed = client.list_artifacts(run, path or None)
    except Exception as error:  # of MLflow's or of the store's
        yield Lost(f"artifacts {path or 'of the run'}: {error}")
        return
    for entry in sorted(listed, key=lambda entry: str(entry.path)):
        if entry.is_dir:
            yield from _artifacts(client, url, run, entry.path, folder)
            continue
        image = IMAGE.fullmatch(entry.path)
        if image is not None and image["small"]:
            continue
        try:
            with tempfile.TemporaryDirectory(dir=folder) as target:
                local = Path(client.download_artifacts(run, entry.path, target))
                if image is None:
                    yield File(entry.path, lambda local=local: local.open("rb"))  # type: ignore[misc]
                else:
                    name = re.sub("[#~]", "/", image["key"])  # as MLflow writes a slash
                    step, time = whole(image["step"]), int(image["time"]) / 1000
                    yield Picture(name, step, time, local.read_bytes())
        except Exception as error:  # of MLflow's or of the store's
            yield Lost(f"{entry.path}: {error}")


def _client(url: str) -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # we have our own
    if "://" not in url or url.startswith("file:"):  # else MLflow 3 refuses its own folders
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    tracking = need("mlflow.tracking", EXTRA)
    with _explained(url):
        return tracking.MlflowClient(tracking_uri=url)


def _existing(url: str) -> str:
    """The URL, unless it is of a file or folder that is not there: MLflow would make an empty one.

    Raises InputError then.
    """
    scheme = urlsplit(url).scheme
    if scheme.startswith("sqlite"):
        path = Path(unquote(url.split(":///", 1)[-1].split("?")[0]))
        if not path.is_file():
            raise InputError(f"{url}: {path.resolve()} is not there")
    elif scheme in ("", "file"):
        path = Path(unquote(urlsplit(url).path))
        if path.is_file():
            return f"sqlite:///{path}"
        if not any(path.glob("*/meta.yaml")):
            raise InputError(f"{path.resolve()} holds no experiments of MLflow (*/meta.yaml)")
        return path.resolve().as_uri()
    return url


def _public(url: str) -> str:
    """The URL without a password."""
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:…@", url)


def _all(search: Any, *arguments: Any) -> list[Any]:
    """All pages of what a method of the client finds."""
    found: list[Any] = []
    token = None
    while True:
        page = search(*arguments, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """MLflow's errors, and those of its database and network, in one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        said = str(error).strip().splitlines()
        raise InputError(f"{_public(url)}: {said[0] if said else type(error).__name__}") from error
