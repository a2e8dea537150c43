"""Two pages, four trainers and a command line on one folder at once; longer by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "together.py"


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_is_lost_and_nobody_complains(database, request):
    options = ["--minutes", "0.1", "--rate", "300"]
    if database == "postgres":
        options += ["--index", request.getfixturevalue("postgres_server").url]
    done = subprocess.run([sys.executable, SCRIPT, *options], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
