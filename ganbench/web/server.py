"""`ganbench serve`: finds a port, and runs the page until Ctrl-C."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from ganbench.errors import InputError
from ganbench.web.app import build
from ganbench.web.guard import Tokens

SHORTEST = 16  # characters of a token, beyond this machine
TRIES = 100  # ports after the first


def serve(runs_dir: Path, host: str, port: int, tokens: Tokens, index: str | None = None) -> int:
    """Serves until Ctrl-C. Prints the address first, on a line of its own.

    Raises InputError for an address beyond this machine without a token, for tokens that anybody
    could guess, and if no port is free.
    """
    _check(host, tokens)
    listener = _listen(host, port)
    taken: int = listener.getsockname()[1]
    app = build(
        runs_dir,
        hosts=[host.lower(), "localhost", "127.0.0.1", "::1"],
        token=tokens.write,
        read_token=tokens.read,
        index=index,
    )
    print(f"ganbench is at http://{host}:{taken}/", flush=True)
    if tokens:
        print("a browser must bring a token once, as ?token=…", flush=True)
    make_server(app).run(sockets=[listener])
    return 0


def make_server(app: Starlette) -> uvicorn.Server:
    """A server whose live streams end when it is asked to stop."""
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    app.state.stopping = lambda: server.should_exit
    return server


def _check(host: str, tokens: Tokens) -> None:
    beyond = not _is_loopback(host)
    if beyond and not tokens:
        raise InputError(
            f"--host {host} can be reached by other machines: give a --token that they must bring, "
            f"for instance {secrets.token_urlsafe(24)}"
        )
    for option, token in (("--token", tokens.write), ("--read-token", tokens.read)):
        if token is None:
            continue
        if not re.fullmatch(r"[A-Za-z0-9._~-]+", token):
            raise InputError(f"{option}: only letters, digits and . _ ~ - can be in a token")
        if beyond and len(token) < SHORTEST:
            raise InputError(
                f"{option} of {len(token)} characters can be guessed: take {SHORTEST} or more, "
                f"for instance {secrets.token_urlsafe(24)}"
            )
    if tokens and tokens.write == tokens.read:
        raise InputError("--token and --read-token are the same: whoever reads could write")


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
