"""`Experiment` and its sisters, with the arguments that they have in comet_ml."""

from __future__ import annotations

from typing import Any

from ganbench.comet.base import Base


class Experiment(Base):
    """An experiment: a run of ganbench. The key and the workspace are not used, nor kept."""

    def __init__(
        self,
        api_key: str | None = None,
        project_name: str | None = None,
        workspace: str | None = None,
        log_code: bool | None = True,
        log_graph: bool | None = True,
        auto_param_logging: bool | None = True,
        auto_metric_logging: bool | None = True,
        parse_args: bool | None = True,
        auto_output_logging: Any = "simple",
        log_env_details: bool | None = True,
        log_git_metadata: bool | None = True,
        log_git_patch: bool | None = True,
        disabled: bool | None = False,
        log_env_gpu: bool | None = True,
        log_env_host: bool | None = True,
        display_summary: bool | None = None,
        log_env_cpu: bool | None = True,
        log_env_network: bool | None = True,
        log_env_disk: bool | None = True,
        display_summary_level: int | None = None,
        optimizer_data: Any = None,
        auto_weight_logging: bool | None = None,
        auto_log_co2: bool | None = True,
        auto_metric_step_rate: int | None = 10,
        auto_histogram_tensorboard_logging: bool | None = False,
        auto_histogram_epoch_rate: int | None = 1,
        auto_histogram_weight_logging: bool | None = False,
        auto_histogram_gradient_logging: bool | None = False,
        auto_histogram_activation_logging: bool | None = False,
        experiment_key: str | None = None,
        distributed_node_identifier: str | None = None,
        **kwargs: Any,
    ) -> None:
        level = 0 if display_summary is False else display_summary_level
        self._create(
            project_name,
            key=experiment_key,
            disabled=disabled,
            output=auto_output_logging,
            summary=level,
            code=log_code,
        )


class OfflineExperiment(Base):
    """The same, below `offline_directory` if that is given; what comet_ml would upload later."""

    def __init__(
        self,
        project_name: str | None = None,
        workspace: str | None = None,
        log_code: bool | None = True,
        log_graph: bool | None = True,
        auto_param_logging: bool | None = True,
        auto_metric_logging: bool | None = True,
        parse_args: bool | None = True,
        auto_output_logging: Any = "simple",
        log_env_details: bool | None = True,
        log_git_metadata: bool | None = True,
        log_git_patch: bool | None = True,
        disabled: bool | None = False,
        offline_directory: str | None = None,
        log_env_gpu: bool | None = True,
        log_env_host: bool | None = True,
        api_key: str | None = None,
        display_summary: bool | None = None,
        log_env_cpu: bool | None = True,
        log_env_network: bool | None = True,
        log_env_disk: bool | None = True,
        display_summary_level: int | None = None,
        auto_weight_logging: bool | None = None,
        auto_log_co2: bool | None = False,
        auto_metric_step_rate: int | None = 10,
        auto_histogram_tensorboard_logging: bool | None = False,
        auto_histogram_epoch_rate: int | None = 1,
        auto_histogram_weight_logging: bool | None = False,
        auto_histogram_gradient_logging: bool | None = False,
        auto_histogram_activation_logging: bool | None = False,
        experiment_key: str | None = None,
        distributed_node_identifier: str | None = None,
        **kwargs: Any,
    ) -> None:
        level = 0 if display_summary is False else display_summary_level
        self._create(
            project_name,
            key=experiment_key,
            folder=offline_directory,
            disabled=disabled,
            output=auto_output_logging,
            summary=level,
            code=log_code,
        )


class ExistingExperiment(Base):
    """Goes on with the run called `experiment_key` or `previous_experiment`, in its folder."""

    def __init__(
        self, api_key: str | None = None, previous_experiment: str | None = None, **kwargs: Any
    ) -> None:
        self._create(
            None,
            key=kwargs.get("experiment_key") or previous_experiment,
            existing=True,
            disabled=kwargs.get("disabled"),
            output=kwargs.get("auto_output_logging", "simple"),
            summary=kwargs.get("display_summary_level"),
        )


class ExistingOfflineExperiment(Base):
    """The same, below `offline_directory` if that is given."""

    def __init__(
        self,
        project_name: str | None = None,
        workspace: str | None = None,
        log_code: bool | None = True,
        log_graph: bool | None = True,
        auto_param_logging: bool | None = True,
        auto_metric_logging: bool | None = True,
        parse_args: bool | None = True,
        auto_output_logging: Any = "simple",
        log_env_details: bool | None = True,
        log_git_metadata: bool | None = True,
        log_git_patch: bool | None = True,
        disabled: bool | None = False,
        offline_directory: str | None = None,
        log_env_gpu: bool | None = True,
        log_env_host: bool | None = True,
        api_key: str | None = None,
        display_summary: bool | None = None,
        log_env_cpu: bool | None = True,
        log_env_disk: bool | None = False,
        display_summary_level: int | None = None,
        auto_weight_logging: bool | None = False,
        previous_experiment: str | None = None,
        experiment_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        level = 0 if display_summary is False else display_summary_level
        self._create(
            None,
            key=experiment_key or previous_experiment,
            existing=True,
            folder=offline_directory,
            disabled=disabled,
            output=auto_output_logging,
            summary=level,
        )
