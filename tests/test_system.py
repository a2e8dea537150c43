"""What a heartbeat measures. There is no GPU here: two are pretended, by the driver's own names."""

import os
from types import SimpleNamespace

import psutil
import pynvml
import pytest

from ganbench.store import folder, query, recorder
from ganbench.store.index import Index
from ganbench.system import Monitor

EVERYWHERE = {
    "system/cpu",
    "system/memory",
    "system/machine_cpu",
    "system/machine_memory",
    "system/disk_free",
}


def refuse(*_):
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


@pytest.fixture
def cards(monkeypatch):
    """Two cards as the driver shows them; tests change what it says. Ours is the second."""
    cards = [
        {"use": 90, "memory": 8 * 2**30, "power": 250_500, "temperature": 71, "held": {1: 2**30}},
        {"use": 40, "memory": 3 * 2**30, "power": 99_000, "temperature": 50, "held": {}},
    ]
    cards[1]["held"] = {1: 2**20, os.getpid(): 2 * 2**30}
    fakes = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: len(cards),
        "nvmlDeviceGetHandleByIndex": cards.__getitem__,
        "nvmlDeviceGetUtilizationRates": lambda card: SimpleNamespace(gpu=card["use"]),
        "nvmlDeviceGetMemoryInfo": lambda card: SimpleNamespace(used=card["memory"]),
        "nvmlDeviceGetPowerUsage": lambda card: card["power"],
        "nvmlDeviceGetTemperature": lambda card, _: card["temperature"],
        "nvmlDeviceGetComputeRunningProcesses": lambda card: [
            SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in card["held"].items()
        ],
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(pynvml, name, fake)
    return cards


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(pynvml, "nvmlInit", refuse)


def test_without_a_gpu_there_is_the_process_the_machine_and_the_disk(tmp_path, no_gpu):
    monitor = Monitor(tmp_path)
    values = monitor.sample()
    assert values.keys() - {"system/disk_read", "system/disk_write"} == EVERYWHERE
    rss = psutil.Process().memory_info().rss / 2**20
    assert values["system/memory"] == pytest.approx(rss, rel=0.1)
    assert 0 < values["system/machine_memory"] <= 100
    free = os.statvfs(tmp_path)
    assert values["system/disk_free"] == pytest.approx(free.f_bavail * free.f_frsize / 2**30, 0.05)
    assert monitor.gpu_use() is None


def test_a_folder_that_is_gone_costs_its_disk_alone(tmp_path, no_gpu):
    values = Monitor(tmp_path / "gone").sample()
    assert "system/disk_free" not in values
    assert "system/memory" in values


def test_rates_are_bytes_over_the_time_between_two_samples(tmp_path, no_gpu, monkeypatch):
    clock = iter([100.0, 104.0, 106.0])
    counted = iter([(0, 0), (8 * 2**20, 2**20), (8 * 2**20, 5 * 2**20)])
    monkeypatch.setattr("ganbench.system.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(Monitor, "_read_and_written", lambda _: next(counted))
    monitor = Monitor(tmp_path)
    samples = [monitor.sample(), monitor.sample()]
    assert [s["system/disk_read"] for s in samples] == [2.0, 0.0]
    assert [s["system/disk_write"] for s in samples] == [0.25, 2.0]


def test_the_machine_is_as_busy_as_its_cores_are_not_idle(tmp_path, no_gpu, monkeypatch):
    from collections import namedtuple

    times = namedtuple("times", "user system idle iowait guest")  # guests are in user already
    clock = iter([times(10, 0, 30, 0, 5), times(13, 1, 35, 1, 6), times(13, 1, 35, 1, 6)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(clock))
    monitor = Monitor(tmp_path)
    assert monitor.sample()["system/machine_cpu"] == pytest.approx(100 * 4 / 10)
    assert monitor.sample()["system/machine_cpu"] == 0.0  # no time has passed


def test_a_system_that_counts_no_bytes_has_no_rates(tmp_path, no_gpu, monkeypatch):
    monkeypatch.delattr(psutil.Process, "io_counters")
    assert Monitor(tmp_path).sample().keys() == EVERYWHERE


def test_every_gpu_has_its_series(tmp_path, cards):
    values = Monitor(tmp_path).sample()
    assert {name: value for name, value in values.items() if "gpu" in name} == {
        "system/gpu": 90.0,
        "system/gpu_memory": 8192.0,
        "system/gpu_held": 0.0,
        "system/gpu_power": 250.5,
        "system/gpu_temperature": 71.0,
        "system/gpu1": 40.0,
        "system/gpu1_memory": 3072.0,
        "system/gpu1_held": 2048.0,
        "system/gpu1_power": 99.0,
        "system/gpu1_temperature": 50.0,
    }


def test_gpu_use_is_of_the_card_that_the_process_holds(tmp_path, cards):
    monitor = Monitor(tmp_path)
    monitor.sample()
    cards[1]["use"] = 60
    monitor.sample()
    assert monitor.gpu_use() == 50.0
    cards[1]["held"] = {1: 2**20}  # in a container the driver's numbers of processes are others
    other = Monitor(tmp_path)
    other.sample()
    assert other.gpu_use() == 90.0


@pytest.mark.parametrize(
    ("function", "metric"),
    [
        ("nvmlDeviceGetUtilizationRates", ""),
        ("nvmlDeviceGetMemoryInfo", "_memory"),
        ("nvmlDeviceGetComputeRunningProcesses", "_held"),
        ("nvmlDeviceGetPowerUsage", "_power"),
        ("nvmlDeviceGetTemperature", "_temperature"),
    ],
)
def test_a_metric_that_fails_costs_that_metric(tmp_path, cards, monkeypatch, function, metric):
    whole = Monitor(tmp_path).sample()
    monkeypatch.setattr(pynvml, function, refuse)
    monitor = Monitor(tmp_path)
    lost = {f"system/gpu{metric}", f"system/gpu1{metric}"}
    assert monitor.sample().keys() == whole.keys() - lost
    assert monitor.gpu_use() == {"": None, "_held": 90.0}.get(metric, 40.0)


def test_memory_that_the_driver_hides_is_left_out(tmp_path, cards):
    cards[1]["held"] = {os.getpid(): None}
    values = Monitor(tmp_path).sample()
    assert "system/gpu1_held" not in values
    assert values["system/gpu_held"] == 0.0


def test_a_driver_without_cards_is_no_gpu(tmp_path, cards):
    cards.clear()
    monitor = Monitor(tmp_path)
    assert not [name for name in monitor.sample() if "gpu" in name]
    assert monitor.gpu_use() is None


def test_the_first_heartbeat_comes_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FIRST", 0.0)
    run = folder.create(tmp_path, "x", {"config": {}, "environment": {}, "tags": []})
    made = recorder.Recorder(run, step=0, seen=0)
    while made._heart.is_alive() and b"system/memory" not in made._journal.path.read_bytes():
        pass
    made.end("finished", 0, 0)
    index = Index(tmp_path)
    index.refresh()
    points = query.show_run(index, run.id)["points"]
    index.close()
    assert points["system/memory"] == points["system/disk_free"] == 1
