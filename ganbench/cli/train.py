"""`ganbench train RECIPE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import tyro
from pydantic import ValidationError

from ganbench.cli.options import RUNS, console, print_json
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.recipes import RECIPES
from ganbench.track import sinks


@dataclass(frozen=True)
class Options:
    """Train a GAN from a recipe; any field of the recipe can be given another value."""

    config: Annotated[Config, tyro.conf.arg(name="")]
    runs_dir: Path = RUNS
    """Where the run folder is made."""
    dry_run: bool = False
    """Check everything, print the config as JSON, and train nothing."""
    sinks: tuple[str, ...] = ()
    """Trackers that get it as well: comet, wandb, tensorboard, mlflow (docs/sinks.md)."""
    page: bool = False
    """Serve the page while it trains, and in a terminal until Ctrl-C after that."""


def main(arguments: Sequence[str]) -> int:
    """Trains, and prints a summary."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    recipe = arguments[0]
    if recipe not in RECIPES:
        near = get_close_matches(recipe, RECIPES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"no recipe {recipe!r}; {hint}There are {', '.join(RECIPES)}")
    options = _parse(recipe, arguments[1:])

    from ganbench import training_data, workbench  # torch comes with it
    from ganbench.cli.training import follow, processes

    if options.dry_run:
        sinks.check(options.sinks)
        workbench.check(options.config, options.runs_dir, training_data.load(options.config))
        print_json(options.config.model_dump(mode="json"))
        return 0
    console.print(f"{recipe}: building the networks, reading {options.config.data}", style="dim")
    with processes(options.config.batch, options.config.device) as group:
        run = workbench.launch(options.config, options.runs_dir, options.sinks, group)
        return follow(run, page=options.page)


def _parse(recipe: str, arguments: Sequence[str]) -> Options:
    try:
        return tyro.cli(
            Options,
            prog=f"ganbench train {recipe}",
            default=Options(RECIPES[recipe]()),
            args=arguments,
            config=(tyro.conf.AvoidSubcommands,),
        )
    except ValidationError as error:
        problems = (
            f"--{'.'.join(map(str, e['loc']))} {e['input']!r}: {e['msg']}"
            if e["loc"]
            else e["msg"].removeprefix("Value error, ")
            for e in error.errors()
        )
        raise InputError("; ".join(problems)) from None


def _usage() -> str:
    lines = []
    for name, recipe in RECIPES.items():
        summary = (recipe.__doc__ or "").split("\n\n")[0]
        lines.append(f"  {name:<16}{' '.join(summary.split())}")
    return "\n".join(
        [
            "usage: ganbench train RECIPE [OPTIONS]",
            "",
            *lines,
            "",
            "ganbench train RECIPE --help lists the fields of a recipe and their values.",
        ]
    )
