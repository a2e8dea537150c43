"""ganbench: train, watch, score and compare generative adversarial networks on your own machine.

Importing it costs next to nothing; its parts are imported when they are used.
"""

from importlib.metadata import version
from typing import Any

__version__ = version("ganbench")


def __getattr__(name: str) -> Any:
    if name == "evaluate":
        from ganbench.scoring import evaluate  # torch comes with it

        return evaluate
    raise AttributeError(f"module 'ganbench' has no attribute {name!r}")
