"""What is said when the memory does not suffice, for errors as PyTorch and numpy really raise."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from ganbench import recipes
from ganbench.config import Prepare
from ganbench.errors import InputError, explain_memory

CONFIG = recipes.mnist().model_copy(update={"batch": 4096, "prepare": Prepare(size=64)})


def raised(function):
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        function()
    return caught.value


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda: raised(lambda: torch.empty(2**60)), "4,398,046,511,104 MiB"),
        (lambda: raised(lambda: np.empty(2**50)), "8.00 PiB"),
        (
            lambda: torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of "
                "79.11 GiB of which 5.02 GiB is free."
            ),
            "20.00 GiB",
        ),
        (lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory"), ""),
        (lambda: MemoryError(), ""),
    ],
)
def test_batch_size_and_what_to_do_are_named(error, words):
    told = explain_memory(error(), CONFIG)
    assert isinstance(told, InputError)
    for part in ("--batch 4096 at 64x64 pixels", "--batch 2048", "--prepare.size 32", words):
        assert part in str(told)


def test_other_errors_are_left():
    assert explain_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"), CONFIG) is None
    assert explain_memory(ValueError("x"), CONFIG) is None


def test_a_batch_that_is_too_large(tmp_path):
    """In a process that may have 4 GiB of addresses: one message, and the run is there."""
    code = (
        "import resource, sys; from ganbench.cli import main;"
        "import ganbench.workbench, ganbench.cli.training;"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2); sys.exit(main(sys.argv[1:]))"
    )
    words = ["--batch", "16384", "--scoring.every-images", "0", "--runs-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "mnist", *words], capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "--batch 16384" in done.stderr
    assert "--batch 8192" in done.stderr
    (run,) = tmp_path.glob("*/run.json")
    assert '"failed"' in "".join(path.read_text() for path in run.parent.glob("events-*.jsonl"))
