"""`ganbench train RECIPE`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import tyro
from pydantic import ValidationError
from rich.console import Console

from ganbench.cli.options import RUNS, console, print_json
from ganbench.cli.scoring_line import ScoringLine
from ganbench.config import ARCHITECTURES, Config
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
    options = _parse(recipe, arguments[1:], RECIPES[recipe]())

    from ganbench import training_data, workbench  # torch comes with it
    from ganbench.cli.training import follow, processes

    reasons: Mapping[str, str] = {}
    if recipe == "folder":
        options, reasons = _picked(options, arguments[1:])
    config = options.config
    if options.dry_run:
        sinks.check(options.sinks)
        _explain(Console(stderr=True, highlight=False), reasons)
        with ScoringLine() as line:
            data = training_data.load(config, line.pictures)
        workbench.check(config, options.runs_dir, data)
        print_json(config.model_dump(mode="json"))
        return 0
    with processes(config.batch, config.device) as group:
        console.print(f"{recipe}: building the networks, reading {config.data}", style="dim")
        _explain(console, reasons)
        with ScoringLine() as line:
            progress = line.pictures if group.first else None
            run = workbench.launch(config, options.runs_dir, options.sinks, group, progress)
        for note in run.data.notes:
            console.print(note, style="yellow", soft_wrap=True, markup=False)
        return follow(run, page=options.page)


def _picked(options: Options, arguments: Sequence[str]) -> tuple[Options, Mapping[str, str]]:
    """The options with what the pictures decide, and the reasons; what was given wins over it."""
    from ganbench import training_data
    from ganbench.folder_recipe import choose
    from ganbench.train.loop import choose_device

    if not options.config.data:
        raise InputError("the recipe folder needs your pictures: --data DIR")
    gpu = choose_device(options.config.device).type == "cuda"
    with ScoringLine() as line:
        found = training_data.survey(options.config, line.pictures)
    picked, reasons = choose(options.config, found, gpu)
    chosen = _parse("folder", arguments, picked)
    given = (name for name in reasons if getattr(chosen.config, name) != getattr(picked, name))
    counted = {"data": f"{len(found.sizes):,} pictures"}
    return chosen, counted | dict(reasons) | dict.fromkeys(given, "as you say")


def _explain(shown: Console, reasons: Mapping[str, str]) -> None:
    for name, words in reasons.items():
        shown.print(f"  {name:<10}{words}", soft_wrap=True, markup=False)


def _parse(recipe: str, arguments: Sequence[str], config: Config) -> Options:
    try:
        return tyro.cli(
            Options,
            prog=f"ganbench train {recipe}",
            default=Options(_with_model(config, arguments)),
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


def _with_model(config: Config, arguments: Sequence[str]) -> Config:
    """The config with the architecture that --model.name asks for, whose options are then there."""
    words = [word for argument in arguments for word in argument.split("=", 1)]
    if "--model.name" not in words[:-1]:
        return config
    name = words[words.index("--model.name") + 1]
    if name not in ARCHITECTURES:
        near = get_close_matches(name, ARCHITECTURES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        there = ", ".join(ARCHITECTURES)
        raise InputError(f"--model.name {name!r}: {hint}The architectures are {there}")
    if name == config.model.name:
        return config
    return config.model_copy(update={"model": ARCHITECTURES[name]()})


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
