"""Several runs side by side: the page of /compare?runs=a,b."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench.web.pages import page


def show(request: Request) -> Response:
    """GET /compare?runs=a,b,…"""
    return page("compare.html")


ROUTES = [Route("/compare", show)]
