"""What the commands share: the common options, and how arguments become a call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import tyro
from rich.console import Console

from ganbench.store.journal import spell

RunsDir = Annotated[Path, tyro.conf.arg(metavar="DIR")]
"""Where the runs are."""
IndexUrl = Annotated[str | None, tyro.conf.arg(metavar="URL")]
"""A PostgreSQL database for the index."""
RunName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
"""An id, a prefix of exactly one, or "latest"."""

RUNS = Path("runs")

# In a pipe there is no terminal to fit; a table is cut nowhere.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def call(function: Callable[..., int], name: str, arguments: Sequence[str]) -> int:
    """Calls `function` with what `arguments` say; its signature and docstring make the help."""
    status: int = tyro.cli(function, prog=f"ganbench {name}", args=arguments)
    return status


def choose(functions: Mapping[str, Callable[..., int]], name: str, arguments: Sequence[str]) -> int:
    """The same for the subcommands of a command."""
    status: int = tyro.extras.subcommand_cli_from_dict(
        dict(functions), prog=f"ganbench {name}", args=arguments
    )
    return status


def index_url(given: str | None = None) -> str | None:
    """The database for the index: the one given, else $GANBENCH_INDEX, else None for a file."""
    return given or os.environ.get("GANBENCH_INDEX") or None


def print_json(value: Any) -> None:
    """`value` as indented JSON on standard output, with NaN as "NaN"."""
    print(orjson.dumps(spell(value), option=orjson.OPT_INDENT_2).decode())
