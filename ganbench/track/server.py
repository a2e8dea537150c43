"""Where a run is shown and sent: this machine, or the server of $GANBENCH_SERVER."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ganbench.store.folder import RunFolder
from ganbench.store.relay import Relay

if TYPE_CHECKING:
    from ganbench.track.link import Link

PORT = 8642


def address(run: str, port: int | None = None) -> str:
    """The page of a run: on the server that it is sent to, else on this machine."""
    return f"{_page(port)}/runs/{run}"


def address_of_comparison(runs: Iterable[str], port: int | None = None) -> str:
    """The page that compares runs, on the same machine."""
    return f"{_page(port)}/compare?runs={','.join(runs)}"


def address_of_study(study: str) -> str:
    """The page where people judge the pictures of a study, which stay on this machine."""
    return f"http://127.0.0.1:{PORT}/judge/{study}"


def how(runs_dir: Path) -> str:
    """How a run below `runs_dir` comes to be shown there, in words."""
    if os.environ.get("GANBENCH_SERVER"):
        return f"sent while it grows, kept in {runs_dir}"
    return f"ganbench serve --runs-dir {runs_dir}"


def configured() -> Link | None:
    """The server of $GANBENCH_SERVER, opened with $GANBENCH_TOKEN; None if there is none.

    Raises InputError for an address that is none.
    """
    url = os.environ.get("GANBENCH_SERVER")
    if not url:
        return None
    from ganbench.track.link import Link  # here: most runs need no network

    return Link(url, os.environ.get("GANBENCH_TOKEN") or None)


def _page(port: int | None) -> str:
    url = os.environ.get("GANBENCH_SERVER", "").rstrip("/")
    return url or f"http://127.0.0.1:{port or PORT}"


def relays(run: RunFolder) -> tuple[Relay, ...]:
    """What sends the run to the server that is configured, from now until it ends."""
    link = configured()
    if link is None:
        return ()
    from ganbench.track.sync import Sync

    return (Sync(run, link),)
