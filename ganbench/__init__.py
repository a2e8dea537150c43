"""ganbench: train, watch, score and compare generative adversarial networks on your own machine.

Importing it costs next to nothing; its parts are imported when they are used.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("ganbench")


def __getattr__(name: str) -> Any:
    if name == "evaluate":
        return import_module("ganbench.scoring").evaluate  # torch comes with it
    if name == "load":
        return import_module("ganbench.loading").load  # likewise
    if name == "Run":
        return import_module("ganbench.track.run").Run
    raise AttributeError(f"module 'ganbench' has no attribute {name!r}")
