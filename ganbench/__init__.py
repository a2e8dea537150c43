"""ganbench: train, watch, score and compare generative adversarial networks on your own machine.

Importing it costs next to nothing; its parts are imported when they are used.
"""

from importlib.metadata import version

__version__ = version("ganbench")
