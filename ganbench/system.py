"""What the process and the GPU are doing: the numbers behind "is the GPU really used?"."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import pynvml

GPU_METRICS: dict[str, Callable[[Any], float]] = {
    "gpu": lambda card: pynvml.nvmlDeviceGetUtilizationRates(card).gpu,
    "gpu_memory": lambda card: pynvml.nvmlDeviceGetMemoryInfo(card).used / 2**20,
    "gpu_power": lambda card: pynvml.nvmlDeviceGetPowerUsage(card) / 1000,
    "gpu_temperature": lambda card: pynvml.nvmlDeviceGetTemperature(
        card, pynvml.NVML_TEMPERATURE_GPU
    ),
}


class Monitor:
    """Samples this process and the first NVIDIA GPU, if there is one."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._gpu = _first_gpu()
        self._gpu_use: list[float] = []

    def sample(self) -> dict[str, float]:
        """Values since the last call, by the names of their series.

        cpu: % of one core; memory and gpu_memory: MiB; gpu: % of the time; gpu_power: W;
        gpu_temperature: °C.
        """
        values = {
            "system/cpu": self._process.cpu_percent(),
            "system/memory": self._process.memory_info().rss / 2**20,
        }
        if self._gpu is not None:
            for name, read in GPU_METRICS.items():
                with suppress(pynvml.NVMLError):  # not every card and driver has every metric
                    values[f"system/{name}"] = float(read(self._gpu))
            if "system/gpu" in values:
                self._gpu_use.append(values["system/gpu"])
        return values

    def gpu_use(self) -> float | None:
        """Mean utilisation of the GPU over all samples, in %; None without a GPU."""
        return sum(self._gpu_use) / len(self._gpu_use) if self._gpu_use else None


def peak_memory() -> float:
    """The largest resident size of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 2**10  # getrusage counts bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _first_gpu() -> Any | None:
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByIndex(0)
    except pynvml.NVMLError:
        return None
