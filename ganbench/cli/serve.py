"""`ganbench serve`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ganbench.cli.options import RUNS, IndexUrl, RunsDir, call, index_url
from ganbench.track.server import PORT


def main(arguments: Sequence[str]) -> int:
    """Serves the page."""
    return call(serve, "serve", arguments)


def serve(
    runs_dir: RunsDir = RUNS,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    read_token: str | None = None,
    index: IndexUrl = None,
) -> int:
    """Serve the page until Ctrl-C: the runs, and of each run curves, movie, scores, config.

    Args:
        runs_dir: where the runs are
        host: the address to listen on; beyond this machine only with a token
        port: the first port to try; the next free one is taken
        token: what a browser must bring once, as ?token=…, and what sends runs here; it reads and
            writes; better as $GANBENCH_TOKEN, which other users of this machine cannot see
        read_token: a second token, which only reads; better as $GANBENCH_READ_TOKEN
        index: keep the index in PostgreSQL, postgresql://user@host/database, rather than in a file
            of the runs dir; better as $GANBENCH_INDEX, if it holds a password
    """
    from ganbench.web import server
    from ganbench.web.guard import Tokens

    tokens = Tokens(
        token or os.environ.get("GANBENCH_TOKEN") or None,
        read_token or os.environ.get("GANBENCH_READ_TOKEN") or None,
    )
    return server.serve(runs_dir, host, port, tokens, index_url(index))
