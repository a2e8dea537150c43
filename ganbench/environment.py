"""The machine and the software that a run ran on."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import psutil

PACKAGES = ("ganbench", "torch", "numpy")


def describe() -> dict[str, Any]:
    """Versions, processor, memory, GPU and the git commit of the working directory, if any."""
    torch = sys.modules.get("torch")  # a loop without it must not pay for it
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads() if torch else None,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch and torch.cuda.is_available() else None,
        "packages": {package: version(package) for package in PACKAGES if package in sys.modules},
        "git": _git(),
        "command": sys.argv,
    }


def changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs of that which decides how numbers round, as "threads: 8, was 2"."""
    pairs = [(name, then.get(name), now.get(name)) for name in ("processor", "threads", "gpu")]
    torch = [described.get("packages", {}).get("torch") for described in (then, now)]
    pairs.append(("torch", torch[0], torch[1]))
    return [f"{name}: {new}, was {old}" for name, old, new in pairs if old != new]


def _processor() -> str:
    """The processor's name; `platform` knows it on few systems."""
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor()


def _git() -> dict[str, Any] | None:
    """Commit and cleanliness of the working directory's repository."""
    try:
        commit = _run_git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_run_git("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _run_git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=True, timeout=5
    )
    return done.stdout.strip()
