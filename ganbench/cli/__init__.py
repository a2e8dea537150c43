"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword

from ganbench.errors import InputError, StoreError

COMMANDS = {
    "train": "train a GAN: ganbench train RECIPE",
    "tour": "every objective on the ring and MNIST, on one page",
    "resume": "go on with a run from its newest checkpoint",
    "runs": "list, show, diff, export (the records of), delete runs",
    "sample": "draw samples from a run's generator",
    "interpolate": "from sample to sample: a strip, or a movie",
    "project": "the sample nearest to a picture",
    "internals": "pictures of what is inside a run's networks",
    "export": "a generator as a folder: weights, model card, ONNX",
    "movie": "the sample grids of a run as a movie",
    "serve": "the page: runs, curves, movies, scores",
    "import": "runs of Comet, TensorBoard, W&B, MLflow, trackio",
    "sync": "send runs to a server of ganbench",
    "evaluate": "score generated images against real ones",
    "compare": "two evaluations: comparable, and more than noise?",
    "judge": "people judge: real or fake, which is better",
    "stats": "make, merge, show reference statistics",
    "measures": "list the measures",
    "audit": "how measures react to worse images",
    "doctor": "check this installation's numbers and speed",
    "reindex": "rebuild the index from the run folders",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_usage())
        return 0 if words else 2
    if words[0] == "--version":
        from ganbench import __version__

        print(f"ganbench {__version__}")
        return 0
    command = words[0]
    if command not in COMMANDS:
        near = get_close_matches(command, COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see ganbench --help"
        return _complain(f"no command {command!r}; {hint}", 2)
    os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")
    try:
        status: int = import_module(f"ganbench.cli.{_module(command)}").main(words[1:])
    except (InputError, StoreError) as error:
        return _complain(str(error), 1)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _complain("stopped", 130)
    return status


def _module(command: str) -> str:
    return f"{command}_" if iskeyword(command) else command


def _usage() -> str:
    lines = [f"  {name:<12}{about}" for name, about in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ganbench COMMAND [OPTIONS]",
            "",
            "Train, watch, score and compare GANs on your own machine.",
            "",
            *lines,
            "",
            "ganbench COMMAND --help says more. To begin: ganbench train mnist",
        ]
    )


def _complain(message: str, status: int) -> int:
    print(f"ganbench: {message}", file=sys.stderr)
    return status
