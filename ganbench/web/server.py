"""`ganbench serve`: finds a port, and runs the page until Ctrl-C."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from ganbench.errors import InputError
from ganbench.web.app import build

TRIES = 100  # ports after the first


def serve(runs_dir: Path, host: str, port: int, token: str | None) -> int:
    """Serves until Ctrl-C. Prints the address first, on a line of its own.

    Raises InputError for an address beyond this machine without a token, and if no port is free.
    """
    if not _is_loopback(host) and not token:
        raise InputError(
            f"--host {host} can be reached by other machines: give a --token that they must bring"
        )
    listener = _listen(host, port)
    taken: int = listener.getsockname()[1]
    print(f"ganbench is at http://{host}:{taken}/", flush=True)
    app = build(runs_dir, hosts=[host, "localhost", "127.0.0.1"], token=token)
    make_server(app).run(sockets=[listener])
    return 0


def make_server(app: Starlette) -> uvicorn.Server:
    """A server whose live streams end when it is asked to stop."""
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    app.state.stopping = lambda: server.should_exit
    return server


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    """A socket on the first free port from `port` on; 0 lets the system choose."""
    for candidate in range(port, port + TRIES if port else 1):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen()
            return listener
        except OSError as error:
            listener.close()
            last = error
    raise InputError(f"--host {host} --port {port}: no port can be opened: {last}")
