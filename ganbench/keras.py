"""A callback for Keras 3: `model.fit(…, callbacks=[ganbench.keras.Callback(run)])`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganbench.errors import InputError
from ganbench.track.quiet import quiet
from ganbench.track.run import Run

try:
    import keras  # type: ignore[import-untyped, unused-ignore]
except ImportError as error:
    raise InputError("ganbench.keras needs Keras 3: pip install 'ganbench[keras]'") from error


class Callback(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Logs what `fit` reports of each epoch, and of every `every` batches as "batch_…".

    Steps are batches trained so far, over several calls of `fit`. What Keras reports of a batch is
    the mean since its epoch began. The optimizer's settings, the losses, the numbers of layers and
    weights become parameters. The run is not ended: other things may be logged to it.
    """

    def __init__(self, run: Run, every: int | None = None) -> None:
        if every is not None and every < 1:
            raise InputError(f"every: expected a number of batches from 1 on, got {every}")
        super().__init__()
        self.run = run
        self.every = every
        self.batches = 0

    @quiet
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Keeps the parameters."""
        self.run.log_config({"fit": self.params, "model": _describe(self.model)})

    @quiet
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs every `every` batches."""
        self.batches += 1
        if self.every and self.batches % self.every == 0:
            values = {f"batch_{name}": value for name, value in (logs or {}).items()}
            self.run.log(values, step=self.batches)

    @quiet
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch, at the batch that ended it."""
        rate = _learning_rate(getattr(self.model, "optimizer", None))
        self.run.log({**(logs or {}), **rate, "epoch": epoch}, step=self.batches)


def _describe(model: Any) -> dict[str, Any]:
    optimizer = getattr(model, "optimizer", None)
    return {
        "name": model.name,
        "layers": len(model.layers),
        "weights": model.count_params() if model.built else None,
        "loss": getattr(model, "loss", None),
        "optimizer": optimizer.get_config() if optimizer is not None else None,
    }


def _learning_rate(optimizer: Any) -> dict[str, float]:
    rate = getattr(optimizer, "learning_rate", None)
    return {} if rate is None else {"learning_rate": float(keras.ops.convert_to_numpy(rate))}
