"""`ganbench serve`."""

from __future__ import annotations

from collections.abc import Sequence

from ganbench.cli.options import PORT, RUNS, RunsDir, call


def main(arguments: Sequence[str]) -> int:
    """Serves the page."""
    return call(serve, "serve", arguments)


def serve(
    runs_dir: RunsDir = RUNS, host: str = "127.0.0.1", port: int = PORT, token: str | None = None
) -> int:
    """Serve the page until Ctrl-C: the runs, and of each run curves, movie, scores, config.

    Args:
        runs_dir: where the runs are
        host: the address to listen on; beyond this machine only with a token
        port: the first port to try; the next free one is taken
        token: what a browser must bring once, as ?token=…
    """
    from ganbench.web import server

    return server.serve(runs_dir, host, port, token)
