"""The structure that the code promises: imports go downwards and are cheap, files stay small."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ganbench"
FILES = sorted(PACKAGE.rglob("*.py"))

# What a part of the package must not import, directly or through others.
FORBIDDEN = {
    "measures": ("evaluation", "train", "store", "web", "cli", "models", "datasets", "workbench"),
    "datasets": ("evaluation", "train", "store", "web", "cli", "models", "measures", "workbench"),
    "models": ("evaluation", "train", "store", "web", "cli", "measures", "workbench"),
    "train": ("evaluation", "store", "web", "cli", "measures", "workbench"),
    "evaluation": ("train", "store", "web", "cli", "models", "workbench", "scoring"),
    "store": ("evaluation", "train", "web", "cli", "models", "measures", "datasets", "torch"),
    "web": ("evaluation", "train", "cli", "models", "measures", "datasets", "workbench", "torch"),
    "track": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "comet": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "wandb": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "keras": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "snapshot": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "judging": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "notebook": ("evaluation", "train", "cli", "models", "measures", "workbench", "torch"),
    "imports": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "diagnosis": ("evaluation", "train", "store", "web", "cli", "models", "measures", "torch"),
    "tour": ("evaluation", "train", "web", "cli", "models", "measures", "workbench", "torch"),
    "audit": ("train", "store", "web", "cli", "models", "workbench", "scoring"),
    "workbench": ("web", "cli", "scoring"),
    "generator": ("evaluation", "store", "web", "cli", "measures", "workbench"),
    "loading": ("evaluation", "web", "cli", "measures", "workbench"),
    "export": ("web", "cli", "workbench", "scoring"),
    "projection": ("store", "web", "cli", "measures", "workbench"),
    "internals": ("store", "web", "cli", "measures", "workbench"),
    "interpolation": ("evaluation", "store", "web", "cli", "measures", "workbench"),
    "scorer": ("web", "cli", "workbench", "scoring"),
    "scoring": ("web", "cli"),
    "training_data": ("web", "cli", "workbench", "scoring"),
    "folder_recipe": ("torch", "numpy"),
    "config": ("torch", "numpy"),
    "recipes": ("torch", "numpy"),
    "events": ("torch",),
}


def names(path):
    """The modules that a file imports at run time, with full names."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def graph():
    return {module(path): set(names(path)) for path in FILES}


def reach(start):
    """All modules that importing `start` brings, by the imports written in our files."""
    seen, waiting = set(), [start]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for name in graph().get(current, ()):
            parts = name.split(".")
            waiting += [".".join(parts[:i]) for i in range(1, len(parts) + 1)]
    return seen


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_go_downwards(part):
    starts = [module(p) for p in FILES if (module(p) + ".").startswith(f"ganbench.{part}.")]
    assert starts
    reached = set().union(*(reach(start) for start in starts))
    for name in FORBIDDEN[part]:
        bad = {m for m in reached if m == name or (m + ".").startswith(f"ganbench.{name}.")}
        assert not bad, f"{part} reaches {sorted(bad)}"


def test_nothing_imports_the_command_line():
    for path in FILES:
        if path.parent.name == "cli" or path.name == "__main__.py":
            continue
        assert not [name for name in names(path) if name.startswith("ganbench.cli")], path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_small(path):
    text = path.read_text()
    assert text.count("\n") <= 330
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 65, f"{node.name}: {length} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_things_have_docstrings(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body, f"{path} has none"
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if node in tree.body or isinstance(node, ast.ClassDef):
            assert ast.get_docstring(node), f"{node.name} has none"


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_ganbench_is_cheap():
    code = "import time, sys; t = time.process_time(); import ganbench; "
    code += (
        "print(time.process_time() - t); print('torch' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    seconds, heavy = run(code).splitlines()
    assert float(seconds) <= 0.3
    assert heavy == "False False"


@pytest.mark.parametrize("command", ["serve", "runs", "movie", "reindex", "import_"])
def test_looking_does_not_load_torch(command):
    code = f"import sys, ganbench.cli.{command}, ganbench.web.server; print('torch' in sys.modules)"
    assert run(code).strip() == "False"


def test_no_pickle():
    for path in FILES:
        text = path.read_text()
        for bad in ("import pickle", "allow_pickle=True", "weights_only=False", "torch.jit.load("):
            assert bad not in text, f"{path}: {bad}"
        for line in text.splitlines():
            assert "torch.load(" not in line or "weights_only=True" in line, f"{path}: {line}"
