"""How scripts come to an experiment: `start`, `login`, and what is running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ganbench.comet.base import Base, latest
from ganbench.comet.experiment import (
    ExistingExperiment,
    ExistingOfflineExperiment,
    Experiment,
    OfflineExperiment,
)
from ganbench.errors import InputError
from ganbench.store.folder import exists
from ganbench.track.session import runs_folder

MODES = ("get_or_create", "get", "create")


@dataclass
class ExperimentConfig:
    """What `start` takes besides names. Name, tags, folder and the switches of output count."""

    disabled: bool | None = None
    log_code: bool | None = None
    log_graph: bool | None = None
    parse_args: bool | None = None
    display_summary_level: int = 1
    log_git_metadata: bool | None = None
    log_git_patch: bool | None = None
    log_env_details: bool | None = None
    log_env_gpu: bool | None = None
    log_env_host: bool | None = None
    log_env_cpu: bool | None = None
    log_env_network: bool | None = None
    log_env_disk: bool | None = None
    auto_output_logging: Any = "simple"
    auto_param_logging: bool = True
    auto_metric_logging: bool = True
    auto_log_co2: bool = True
    auto_metric_step_rate: int = 10
    auto_histogram_epoch_rate: int = 1
    auto_histogram_gradient_logging: bool = False
    auto_histogram_activation_logging: bool = False
    auto_histogram_tensorboard_logging: bool = False
    auto_histogram_weight_logging: bool = False
    offline_directory: str | None = None
    distributed_node_identifier: str | None = None
    name: str | None = None
    tags: list[str] | None = None


def start(
    api_key: str | None = None,
    workspace: str | None = None,
    project: str | None = None,
    project_name: str | None = None,
    experiment_key: str | None = None,
    mode: str | None = None,
    online: bool | None = None,
    source: str | None = None,
    experiment_config: ExperimentConfig | None = None,
) -> Base:
    """The experiment that is running, the one called `experiment_key`, or a new one.

    `mode`: "get_or_create" (the default), "get" or "create". Raises InputError for another mode, or
    if there is no run to get.
    """
    mode = mode or "get_or_create"
    if mode not in MODES:
        raise InputError(f"mode {mode!r}: expected one of {', '.join(MODES)}")
    running = get_running_experiment()
    if running is not None and mode != "create" and experiment_key in (None, running.id):
        return running
    config = experiment_config or ExperimentConfig()
    folder = config.offline_directory if online is False else None
    known = experiment_key is not None and exists(runs_folder(folder), experiment_key)
    if mode == "get" and not known:
        raise InputError(f"mode 'get': no run {experiment_key!r} in {runs_folder(folder)}")
    options: dict[str, Any] = {
        "experiment_key": experiment_key,
        "disabled": config.disabled,
        "auto_output_logging": config.auto_output_logging,
        "display_summary_level": config.display_summary_level,
        "log_code": config.log_code is not False,
    }
    if online is False:
        options["offline_directory"] = folder
    else:
        options["api_key"] = api_key
    made = _make(known and mode != "create", online is False, project_name or project, options)
    if config.name:
        made.set_name(config.name)
    if config.tags:
        made.add_tags(config.tags)
    return made


def _make(existing: bool, offline: bool, project: str | None, options: dict[str, Any]) -> Base:
    if existing:
        return (ExistingOfflineExperiment if offline else ExistingExperiment)(**options)
    kind = OfflineExperiment if offline else Experiment
    return kind(project_name=project, **options)


def login(
    directory: str | None = None,
    force: bool | None = False,
    anonymous: bool = False,
    **settings: Any,
) -> None:
    """Nothing: there is no account. A key is not kept."""


init = login


def get_global_experiment() -> Base | None:
    """The experiment that was made last, None if there is none."""
    return latest()


def get_running_experiment() -> Base | None:
    """The same, unless it has ended."""
    found = latest()
    return found if found is not None and found.alive else None
