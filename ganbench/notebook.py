"""A run in a notebook: its live page while that can be reached, else what it looked like.

`ganbench.Run` shows itself with this. The page comes from `ganbench serve` where that runs, else
from a server in this process that only this machine can reach.
"""

from __future__ import annotations

import atexit
import http.client
import socket
import threading
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from ganbench import snapshot
from ganbench.store.folder import RunFolder
from ganbench.track.session import Session

PATIENCE = 0.3  # seconds for a server to answer
HERE = ("127.0.0.1", "localhost")
HEIGHT = 760  # of the frame, pixels
_servers: dict[Path, str] = {}
_lock = threading.Lock()

# The icon is asked for first: where it comes, the page will, and takes the place of what is here.
# Elsewhere (another machine, an exported notebook) the text and the pictures stay.
LIVE = """
if (HERE.includes(location.hostname)) {
  const frame = document.createElement('iframe');
  frame.src = this.dataset.page;
  frame.title = 'ganbench';
  frame.style = 'width: 100%; height: HEIGHTpx; border: 0';
  this.parentNode.replaceChildren(frame);
}
""".replace("HERE", str(list(HERE))).replace("HEIGHT", str(HEIGHT))


def show(run: Session) -> str:
    """HTML that shows `run`: live where the page can be reached, still elsewhere."""
    server = address(run.folder, run.url)
    page = escape(f"{server}/runs/{run.id}")
    return (
        f'<div class="ganbench">{snapshot.draw(run.folder)}'
        f'<p><a href="{page}" target="_blank">{page}</a></p>'
        f'<img src="{server}{_icon()}" alt="" width="1" height="1" style="opacity:0" '
        f'data-page="{page}?embed=1" onload="{escape(LIVE)}"></div>'
    )


def address(run: RunFolder, url: str) -> str:
    """Where a server shows `run`: the one at `url` if it knows the run, else one of our own."""
    found = urlsplit(url)
    if found.hostname in HERE and _answers(found.netloc, run.id):
        return f"{found.scheme}://{found.netloc}"
    runs_dir = run.path.parent.resolve()
    with _lock:
        if runs_dir not in _servers:
            _servers[runs_dir] = _serve(runs_dir)
        return _servers[runs_dir]


def _answers(server: str, run: str) -> bool:
    connection = http.client.HTTPConnection(server, timeout=PATIENCE)
    try:
        connection.request("GET", f"/api/runs/{run}")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _serve(runs_dir: Path) -> str:
    """Starts a server for this machine alone, on a port that is free; it ends with the process."""
    from ganbench.web.app import build
    from ganbench.web.server import make_server

    listener = socket.create_server(("127.0.0.1", 0))
    server = make_server(build(runs_dir, ["127.0.0.1", "localhost"]))
    options = {"sockets": [listener]}
    thread = threading.Thread(
        target=server.run, kwargs=options, name="ganbench-notebook", daemon=True
    )
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(5)

    atexit.register(stop)
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _icon() -> str:
    from ganbench.web.pages import edition

    return f"/static/{edition()}/icon.svg"
