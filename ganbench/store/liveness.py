"""Whether a run is alive, from its last journal alone: no lock outlives a process."""

from __future__ import annotations

import socket
import time
from functools import cache
from pathlib import Path
from typing import Any

import psutil

STATES = ("running", "finished", "failed", "diverged", "killed")
HEARTBEAT = 10.0  # seconds between the records of a live process
STALE = 6 * HEARTBEAT  # silence after which a process on another machine counts as gone


def state(opened: dict[str, Any], end: dict[str, Any] | None, path: Path) -> str:
    """The state of the process that wrote the journal at `path`, one of `STATES`.

    `opened` is its first record, `end` its last one if that is an end.
    """
    if end is not None:
        return str(end["state"])
    return "running" if alive(opened, path) else "killed"


def alive(opened: dict[str, Any], path: Path) -> bool:
    """On this machine by the process itself, on another by the age of the file.

    Machines of different owners are called the same, but were not started as the same.
    """
    try:
        elsewhere = opened["host"] != socket.gethostname() or opened.get("boot", boot()) != boot()
        if elsewhere:
            return time.time() - path.stat().st_mtime < STALE
        process = psutil.Process(opened["pid"])
        same = abs(process.create_time() - opened["started"]) < 2
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


@cache
def boot() -> str | None:
    """What only this start of this machine is called, where the system has a name for it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
