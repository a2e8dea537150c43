"""What the documents say is so: fields, commands, files, measures."""

import json
import re
from pathlib import Path

import pytest

from ganbench import cli
from ganbench.datasets import DATASETS
from ganbench.measures import MEASURES
from ganbench.measures.pages import pages
from ganbench.recipes import RECIPES
from ganbench.store import folder, journal

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
CLAIM = re.compile(r"`([a-z_0-9.]+)=([^`]+)`")


def field(config, path):
    for name in path.split("."):
        config = getattr(config, name)
    return config


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_docstrings_hold(name):
    """Each `field=value` is that of the config, and score and time are stated."""
    config, text = RECIPES[name](), RECIPES[name].__doc__
    claims = CLAIM.findall(text)
    assert len(claims) >= 4
    for path, value in claims:
        assert str(field(config, path)) == value.replace("_", "").strip('"'), path
    assert re.search(r"\d+\s+(seconds|minutes|hours)", text)
    assert "score" in text or "high_quality" in text
    assert config.recipe == name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(path):
    code = _code(path.read_text())
    for command in re.findall(r"^ganbench ([a-z]+)", code, flags=re.M):
        assert command in cli.COMMANDS, command
    for recipe in re.findall(r"ganbench train ([a-z0-9-]+)", code):
        assert recipe in RECIPES, recipe


def _code(text):
    """What stands in code blocks and code spans."""
    blocks = re.findall(r"```\n(.*?)```", text, flags=re.S)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


def test_every_command_recipe_measure_and_data_set_is_documented():
    readme = (ROOT / "README.md").read_text()
    for name in (*cli.COMMANDS, *RECIPES, *MEASURES):
        assert name in readme, name
    data = (ROOT / "docs" / "data.md").read_text()
    for name in DATASETS:
        assert f"`{name}`" in data, name


def test_the_pages_of_the_measures_are_those_that_are_made():
    folder = ROOT / "docs" / "measures"
    made = pages(json.loads((folder / "audit.json").read_text()))
    assert {path.name for path in folder.glob("*.md")} == set(made)
    for name, text in made.items():
        hint = "ganbench measures --pages docs/measures writes them anew"
        assert (folder / name).read_text() == text, hint


def test_the_journal_records_are_those_that_are_written(tmp_path, tiny):
    from ganbench import workbench

    run = workbench.launch(tiny(), tmp_path)
    list(run.events())
    table = (ROOT / "docs" / "run-folder.md").read_text()
    (written,) = journal.journals(folder.find(tmp_path, "latest").path)
    for record in journal.read(written)[0]:
        if isinstance(record, dict):
            assert f"| `{record['kind']}` |" in table
            for name in record.keys() - {"kind", "time"}:
                assert f"`{name}`" in table, name


def test_every_decision_is_listed():
    decisions = ROOT / "docs" / "decisions"
    listed = (decisions / "README.md").read_text()
    for path in decisions.glob("0*.md"):
        assert path.name in listed
