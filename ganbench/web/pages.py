"""HTML from templates; the static files' addresses change with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from ganbench import __version__
from ganbench.movies import has_video

STATIC = Path(__file__).with_name("static")


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template, filled in."""
    return HTMLResponse(_templates().get_template(template).render(values), status)


@cache
def edition() -> str:
    """A short hash of all static files, part of their addresses."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("ganbench.web"), autoescape=True, undefined=StrictUndefined
    )
    templates.globals.update(
        version=__version__,
        static=f"/static/{edition()}",
        video="yes" if has_video() else "no",
    )
    return templates
