"""Pictures, encoded off the calling thread and stored by the hash of their content."""

from __future__ import annotations

import hashlib
import io
import queue
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench.errors import StoreError
from ganbench.store.folder import RunFolder, replace_file
from ganbench.store.journal import Journal

WAITING = 64  # pictures in the queue before `put` waits


class MediaWriter:
    """Encodes pictures as lossless WebP on a thread of its own, then journals them.

    `put` costs a copy and a queue; a record appears once its file is on disk. An error of the
    thread is raised by the next `put` or `flush`.
    """

    def __init__(self, run: RunFolder, journal: Journal) -> None:
        self._run = run
        self._journal = journal
        self._queue: queue.Queue[tuple[NDArray[np.uint8], dict[str, Any]] | None]
        self._queue = queue.Queue(WAITING)
        self._error: StoreError | None = None
        self._thread = threading.Thread(target=self._work, name="ganbench-media", daemon=True)
        self._thread.start()

    def put(self, name: str, step: int, seen: int, picture: NDArray[np.uint8]) -> None:
        """Stores a uint8 H×W×3 picture as `name` at `step`."""
        self._raise()
        self._queue.put((picture.copy(), {"name": name, "step": step, "seen": seen}))

    def flush(self) -> None:
        """Returns when all pictures are on disk and in the journal."""
        self._queue.join()
        self._raise()

    def close(self) -> None:
        """Flushes, and ends the thread."""
        self._queue.put(None)
        self._thread.join()
        self._raise()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            try:
                if self._error is None:
                    self._store(*job)
            except StoreError as error:
                self._error = error
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _store(self, picture: NDArray[np.uint8], fields: dict[str, Any]) -> None:
        content = encode(picture)
        digest = hashlib.sha256(content).hexdigest()
        path = self._run.media / f"{digest}.webp"
        if not path.exists():
            replace_file(path, content)
        height, width = picture.shape[:2]
        self._journal.write("media", **fields, sha256=digest, width=width, height=height)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


def encode(picture: NDArray[np.uint8]) -> bytes:
    """A uint8 H×W×3 picture as lossless WebP."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", lossless=True, method=0)
    return buffer.getvalue()
