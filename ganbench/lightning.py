"""A logger for Lightning: `Trainer(logger=ganbench.lightning.GanbenchLogger(…))`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ganbench.errors import InputError
from ganbench.track.run import Run

try:
    from lightning.fabric.loggers.logger import rank_zero_experiment
    from lightning.pytorch.loggers.logger import Logger
    from lightning_utilities.core.rank_zero import rank_zero_only
except ImportError as error:
    raise InputError(
        "ganbench.lightning needs Lightning: pip install 'ganbench[lightning]'"
    ) from error


class GanbenchLogger(Logger):
    """Logs what a LightningModule logs to a `ganbench.Run`, from the first process alone.

    The run is made when it is first used, of `project`, `name` and what else `ganbench.Run` takes,
    or it is `run`. It ends with its process, because a Trainer may be asked to fit and to test;
    `logger.experiment.finish()` ends it before.
    """

    def __init__(
        self,
        project: str = "lightning",
        name: str | None = None,
        *,
        run: Run | None = None,
        prefix: str = "",
        **options: Any,
    ) -> None:
        super().__init__()
        self._run = run
        self._options = {"project": project, "name": name, **options}
        self._prefix = prefix

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        """The run."""
        if self._run is None:
            self._run = Run(**self._options)
        return self._run

    @property
    def name(self) -> str | None:
        """The project; Lightning's checkpoints go below it, in its own root folder."""
        return self._options["project"] if self._run is None else self._run.project

    @property
    def version(self) -> str | None:
        """The run's identifier, None in other processes than the first."""
        run = self.experiment
        return run.id if isinstance(run, Run) else None

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Numbers at a step."""
        start = f"{self._prefix}_" if self._prefix else ""
        self.experiment.log({f"{start}{name}": v for name, v in metrics.items()}, step=step)

    @rank_zero_only
    def log_hyperparams(
        self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Parameters."""
        self.experiment.log_config(vars(params) if isinstance(params, Namespace) else params)

    @rank_zero_only
    def log_image(
        self,
        key: str,
        images: Sequence[Any],
        step: int | None = None,
        caption: str | None = None,
    ) -> None:
        """One image as it is, several as a grid."""
        if len(images) == 1:
            self.experiment.log_image(key, images[0], step, caption=caption)
        else:
            self.experiment.log_images(key, images, step, caption=caption)

    @rank_zero_only
    def log_text(self, key: str, text: str, step: int | None = None) -> None:
        """A text at a step."""
        self.experiment.log_text(text, step, name=key)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Brings to disk what is still on its way."""
        if self._run is not None:
            self._run.flush()
