"""What the process, the machine and its GPUs are doing: behind "is the GPU really used?".

The series, and their units:

system/cpu                 % of one core, of this process
system/memory              MiB, resident, of this process
system/machine_cpu         % of all cores, of all processes
system/machine_memory      % of the machine's memory that is taken
system/disk_free           GiB, of the file system that holds the run
system/disk_read           MiB/s, read by this process from disks
system/disk_write          MiB/s, written by this process to disks
system/gpu                 % of the time in which the GPU worked, for whomever
system/gpu_memory          MiB taken on it, by whomever
system/gpu_held            MiB taken on it by this process
system/gpu_power           W
system/gpu_temperature     °C

Those of the machine's second GPU begin with system/gpu1, of its third with system/gpu2.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pynvml


def _held(card: Any) -> float:
    """MiB of this process on a card. Raises NVMLError where the driver does not say how much."""
    processes = pynvml.nvmlDeviceGetComputeRunningProcesses(card)
    used = [process.usedGpuMemory for process in processes if process.pid == os.getpid()]
    if None in used:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
    return float(sum(used)) / 2**20


GPU_METRICS: dict[str, Callable[[Any], float]] = {
    "": lambda card: pynvml.nvmlDeviceGetUtilizationRates(card).gpu,
    "_memory": lambda card: pynvml.nvmlDeviceGetMemoryInfo(card).used / 2**20,
    "_held": _held,
    "_power": lambda card: pynvml.nvmlDeviceGetPowerUsage(card) / 1000,
    "_temperature": lambda card: pynvml.nvmlDeviceGetTemperature(card, pynvml.NVML_TEMPERATURE_GPU),
}


class Monitor:
    """Samples this process, the machine and its NVIDIA GPUs, for a run whose folder is `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._worked = _worked()
        self._gpus = _gpus()
        self._gpu_use: list[float] = []
        self._moved = self._read_and_written()
        self._at = time.monotonic()

    def sample(self) -> dict[str, float]:
        """Values since the last call, by the names of their series. What cannot be had is left out.

        Half a millisecond without a GPU.
        """
        values = {
            "system/cpu": self._process.cpu_percent(),
            "system/memory": self._process.memory_info().rss / 2**20,
            "system/machine_cpu": self._machine(),
            "system/machine_memory": psutil.virtual_memory().percent,
            **self._disk(),
        }
        for number, card in enumerate(self._gpus):
            for metric, read in GPU_METRICS.items():
                with suppress(pynvml.NVMLError):  # not every card and driver has every metric
                    values[f"system/gpu{number or ''}{metric}"] = float(read(card))
        names = [f"system/gpu{number or ''}" for number in range(len(self._gpus))]
        ours = [name for name in names if values.get(f"{name}_held")] or names
        if uses := [values[name] for name in ours if name in values]:
            self._gpu_use.append(max(uses))
        return values

    def gpu_use(self) -> float | None:
        """Mean utilisation over all samples, in %; None without a GPU.

        Of several it is that of the busiest which this process holds memory on, as far as the
        driver says which those are.
        """
        return sum(self._gpu_use) / len(self._gpu_use) if self._gpu_use else None

    def _machine(self) -> float:
        busy, total = _worked()
        share = (busy - self._worked[0]) / max(total - self._worked[1], 1e-9)
        self._worked = busy, total
        return 100 * min(max(share, 0.0), 1.0)

    def _disk(self) -> dict[str, float]:
        values = {}
        with suppress(OSError):
            values["system/disk_free"] = psutil.disk_usage(str(self._folder)).free / 2**30
        now, moved = time.monotonic(), self._read_and_written()
        for name, before, after in zip(("read", "write"), self._moved, moved, strict=False):
            values[f"system/disk_{name}"] = (after - before) / 2**20 / max(now - self._at, 1e-3)
        self._moved, self._at = moved, now
        return values

    def _read_and_written(self) -> tuple[int, ...]:
        """Bytes of this process so far; empty where the system does not count them."""
        try:
            counted = self._process.io_counters()
        except (AttributeError, psutil.Error, OSError):
            return ()
        return counted.read_bytes, counted.write_bytes


def peak_memory() -> float:
    """The largest resident size of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 2**10  # getrusage counts bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _worked() -> tuple[float, float]:
    """Seconds in which the machine's cores worked so far, and those that there were."""
    times = psutil.cpu_times()
    guests = sum(getattr(times, name, 0.0) for name in ("guest", "guest_nice"))  # in user already
    idle = times.idle + getattr(times, "iowait", 0.0)
    total = sum(times) - guests
    return total - idle, total


def _gpus() -> list[Any]:
    try:
        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
