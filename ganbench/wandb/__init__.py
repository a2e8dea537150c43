"""W&B's interface on top of `ganbench.Run`: `import ganbench.wandb as wandb`.

The signatures are those of wandb 0.31; docs/logging.md says what is done with what. Nothing is sent
anywhere, and a key is not kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ganbench.errors import InputError
from ganbench.store.folder import exists
from ganbench.track.quiet import warn_once
from ganbench.track.run import Run as _Inner
from ganbench.track.session import runs_folder
from ganbench.track.tolerant import ignored, no_run
from ganbench.wandb.media import Histogram, Html, Image, Table, Video
from ganbench.wandb.running import Run
from ganbench.wandb.settings import Settings as _Settings
from ganbench.wandb.settings import as_mapping

__all__ = [
    "Histogram",
    "Html",
    "Image",
    "Run",
    "Table",
    "Video",
    "alert",
    "define_metric",
    "finish",
    "init",
    "log",
    "login",
    "save",
    "unwatch",
    "watch",
]
RESUME = (None, False, True, "allow", "never", "must", "auto")
NEED_SERVER = ("Api", "agent", "controller", "restore", "sweep", "use_artifact", "use_model")
_current: list[Run] = []


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Any = None,
    anonymous: Any = None,
    **kwargs: Any,
) -> Run:
    """Makes a run, below `dir` if that is given, and makes it the module's own.

    Where one is running it is returned, unless `reinit` says otherwise. With the `id` of a run that
    there is, it goes on with that, unless `resume` is "never". Raises InputError if that is "must"
    and there is none, and for what cannot be a run.
    """
    if resume not in RESUME:
        raise InputError(f"resume {resume!r}: expected one of {RESUME}")
    for unknown in kwargs:
        warn_once(f"init {unknown}", f"wandb.init({unknown}=…) is not supported, and ignored")
    if _current and not _current[0]._finished:
        if reinit in (True, "finish_previous"):
            _current[0].finish()
        elif reinit != "create_new":
            warn_once("init", "wandb.init: a run is going on; it is returned (see reinit)")
            return _current[0]
    disabled = (mode or os.environ.get("WANDB_MODE")) == "disabled"
    values = _chosen(as_mapping(config), config_include_keys, config_exclude_keys)
    facts = {"entity": entity, "group": group, "job_type": job_type}
    told = {key: value for key, value in facts.items() if value}
    inner = no_run()
    if not disabled:
        inner = _open(
            id or os.environ.get("WANDB_RUN_ID"),
            resume,
            dir,
            project=project or os.environ.get("WANDB_PROJECT") or "uncategorized",
            name=name or os.environ.get("WANDB_NAME"),
            config={**values, **({"wandb": told} if told else {})},
            tags=list(tags or ()),
            notes=notes or "",
        )
    made = Run(inner, values, disabled=disabled, tags=tags, notes=notes, **facts)
    _current[:] = [made]
    return made


def _open(id: str | None, resume: Any, dir: Any, **content: Any) -> _Inner:
    """A new run, or the one called `id` where there is one and it may be gone on with."""
    known = id is not None and exists(runs_folder(dir), id)
    if resume == "must" and not known:
        raise InputError(f"resume='must': no run {id!r} in {runs_folder(dir)}")
    if resume == "never" and known:
        raise InputError(f"resume='never': there is a run {id!r} in {runs_folder(dir)}")
    if not known or id is None:
        return _Inner(id=id, runs_dir=dir, **content)
    run = _Inner.resume(id, runs_dir=dir)
    run.log_config(content["config"])
    if content["name"]:
        run.rename(content["name"])
    if content["tags"]:
        run.add_tags(*content["tags"])
    return run


def _chosen(
    values: dict[str, Any], include: Sequence[str] | None, exclude: Sequence[str] | None
) -> dict[str, Any]:
    return {
        key: value
        for key, value in values.items()
        if (include is None or key in include) and key not in (exclude or ())
    }


def login(
    key: str | None = None,
    relogin: bool | None = None,
    host: str | None = None,
    force: bool | None = None,
    timeout: int | None = None,
    verify: bool = True,
    referrer: str | None = None,
    prompt: bool = True,
    anonymous: Any = None,
) -> bool:
    """Nothing: there is no account. A key is not kept."""
    return True


def finish(exit_code: int | None = None) -> None:
    """Ends the run that is going on, if one is."""
    if _current:
        _current[0].finish(exit_code)


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """`Run.log` of the run that is going on."""
    _running("log").log(data, step, commit)


def define_metric(
    name: str,
    step_metric: Any = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    overwrite: bool | None = None,
) -> None:
    """`Run.define_metric` of the run that is going on."""
    _running("define_metric").define_metric(name)


def watch(
    models: Any,
    criterion: Any = None,
    log: str | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,
    log_graph: bool = False,
) -> None:
    """`Run.watch` of the run that is going on."""
    _running("watch").watch(models, criterion, log, log_freq, idx, log_graph)


def unwatch(models: Any = None) -> None:
    """`Run.unwatch` of the run that is going on."""
    _running("unwatch").unwatch(models)


def save(
    glob_str: str | os.PathLike[str],
    base_path: str | os.PathLike[str] | None = None,
    policy: str = "live",
    glob: bool = True,
) -> list[str]:
    """`Run.save` of the run that is going on."""
    return _running("save").save(glob_str, base_path, policy, glob)


def alert(title: str, text: str, level: Any = None, wait_duration: Any = None) -> None:
    """`Run.alert` of the run that is going on."""
    _running("alert").alert(title, text, level, wait_duration)


def _running(what: str) -> Run:
    if not _current:
        raise InputError(f"wandb.{what}: call wandb.init() first")
    return _current[0]


def __getattr__(name: str) -> Any:
    if name == "run":
        return _current[0] if _current and not _current[0]._finished else None
    if name in ("config", "summary"):
        found: _Settings = getattr(_running(name), name)
        return found
    if name.startswith("_") or name in NEED_SERVER:
        raise AttributeError(f"ganbench.wandb has no {name}: it needs W&B's server")
    return ignored(f"wandb.{name}")
