"""A run's state follows from its journal and the process that wrote it."""

import os
import socket
import subprocess
import sys

import psutil
import pytest

from ganbench.store import liveness


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "events.jsonl"
    made.touch()
    return made


def opened(**changes):
    me = psutil.Process()
    record = {"host": socket.gethostname(), "pid": me.pid, "started": me.create_time()}
    return record | changes


def test_an_end_is_the_end(path):
    for state in ("finished", "failed", "diverged", "killed"):
        assert liveness.state(opened(), {"state": state}, path) == state


def test_this_process_runs(path):
    assert liveness.state(opened(), None, path) == "running"


def test_a_killed_process_is_killed_even_before_its_parent_notices(path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = opened(pid=child.pid, started=psutil.Process(child.pid).create_time())
    assert liveness.state(record, None, path) == "running"
    child.kill()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert liveness.state(record, None, path) == "killed"
    child.wait()
    assert liveness.state(record, None, path) == "killed"


def test_a_pid_that_another_process_has_now_does_not_count(path):
    assert (
        liveness.state(opened(started=psutil.Process().create_time() - 100), None, path) == "killed"
    )


def test_on_another_machine_the_age_of_the_journal_decides(path):
    there = opened(host="elsewhere")
    assert liveness.state(there, None, path) == "running"
    old = path.stat().st_mtime - liveness.STALE - 1
    os.utime(path, (old, old))
    assert liveness.state(there, None, path) == "killed"
    path.unlink()
    assert liveness.state(there, None, path) == "killed"


def test_another_machine_may_be_called_the_same(path):
    """Its process has a number that means nothing here."""
    there = opened(pid=2**22 + 1, boot="another start")
    assert liveness.state(there, None, path) == "running"
    assert liveness.state(there | {"boot": liveness.boot()}, None, path) == "killed"
    assert liveness.state(opened(pid=2**22 + 1), None, path) == "killed"
