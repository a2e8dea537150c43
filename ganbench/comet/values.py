"""Metrics, parameters, and what else an experiment knows in words."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganbench.comet.core import Core
from ganbench.track.values import plain


class Values(Core):
    """The methods that take names and values."""

    def __init__(self) -> None:
        self._metrics: dict[str, Any] = {}
        self._parameters: dict[str, Any] = {}
        self._others: dict[str, Any] = {}

    def log_metric(
        self,
        name: Any,
        value: Any,
        step: int | None = None,
        epoch: int | None = None,
        include_context: bool = True,
    ) -> None:
        """One number."""
        name = self._named(name) if include_context else str(name)
        self._metrics[name] = value
        self._run.log({name: value}, step=self._at(name, step, epoch))

    def log_metrics(
        self,
        dic: Mapping[str, Any],
        prefix: str | None = None,
        step: int | None = None,
        epoch: int | None = None,
        include_context: bool = True,
    ) -> None:
        """Several numbers, in one row where they have one step."""
        rows: dict[int, dict[str, Any]] = defaultdict(dict)
        for name, value in dic.items():
            name = f"{prefix}_{name}" if prefix else str(name)
            name = self._named(name) if include_context else name
            rows[self._at(name, step, epoch)][name] = value
        for at, row in rows.items():
            self._metrics |= row
            self._run.log(row, step=at)

    def log_parameter(self, name: Any, value: Any, step: int | None = None) -> None:
        """One parameter."""
        self.log_parameters({name: value}, step=step)

    def log_parameters(
        self,
        parameters: Mapping[str, Any],
        prefix: str | None = None,
        step: int | None = None,
        nested_support: bool = True,
    ) -> None:
        """Parameters; nested ones stay nested."""
        if step is not None:
            self.set_step(step)
        given = plain(parameters)
        start = f"{prefix}_" if prefix else ""
        values = {self._named(f"{start}{name}"): value for name, value in given.items()}
        self._parameters |= values
        self._run.log_config(values)

    def log_other(self, key: Any, value: Any) -> None:
        """Something worth knowing: the parameter `other.key`."""
        self.log_others({key: value})

    def log_others(self, dictionary: Mapping[Any, Any]) -> None:
        """The same of several."""
        values = plain(dictionary)
        self._others |= values
        self._run.log_config({"other": values})

    def log_system_info(self, key: Any, value: Any) -> None:
        """Something about the machine: the parameter `system.key`."""
        self._run.log_config({"system": {str(key): value}})

    def log_dataset_hash(self, data: Any) -> None:
        """A digest of the data's content: the parameter `dataset_hash`."""
        array = np.ascontiguousarray(data)
        digest = hashlib.sha256(str((array.dtype, array.shape)).encode() + array.tobytes())
        self._parameters["dataset_hash"] = digest.hexdigest()[:12]
        self._run.log_config({"dataset_hash": self._parameters["dataset_hash"]})

    def log_dataset_info(
        self, name: str | None = None, version: str | None = None, path: str | None = None
    ) -> None:
        """What the data are called, and where they are: the parameter `other.dataset_info`."""
        called = "-".join(part for part in (name, version) if part)
        self.log_other("dataset_info", ", ".join(part for part in (called, path) if part))

    def get_metric(self, name: str) -> Any:
        """The last value of a metric, None if there is none."""
        return self._metrics.get(name)

    def get_parameter(self, name: str) -> Any:
        """A parameter, None if there is none; of a nested one the names are joined by "|"."""
        found: Any = self._parameters
        for part in name.split("|"):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def get_other(self, name: str) -> Any:
        """What `log_other` was told, None if nothing."""
        return self._others.get(name)
