"""Pictures, encoded off the calling thread and stored by the hash of their content."""

from __future__ import annotations

import hashlib
import io
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench.errors import StoreError
from ganbench.store.folder import RunFolder, replace_file
from ganbench.store.journal import Journal
from ganbench.store.relay import Relay

Picture = NDArray[np.uint8]
"""uint8 H×W×3."""
WAITING = 64  # pictures in the queue before `put` waits


class MediaWriter:
    """Encodes pictures as lossless WebP on a thread of its own, then journals them.

    `put` costs a queue; a record appears once its file is on disk. A StoreError of the thread is
    raised by the next `put` or `flush`; a picture that cannot be made costs that
    picture, and `complain` is told. `relays` get what was stored.
    """

    def __init__(
        self,
        run: RunFolder,
        journal: Journal,
        relays: Sequence[Relay] = (),
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._run = run
        self._journal = journal
        self._relays = relays
        self._complain = complain
        self._queue: queue.Queue[tuple[Callable[[], Picture], dict[str, Any]] | None]
        self._queue = queue.Queue(WAITING)
        self._error: StoreError | None = None
        Image.init()  # here: a fork while the thread imports would leave half a module behind
        self._thread = threading.Thread(target=self._work, name="ganbench-media", daemon=True)
        self._thread.start()

    def put(self, picture: Callable[[], Picture], **fields: Any) -> None:
        """Stores what `picture()` makes on the thread; `fields`: name, step, seen and others."""
        self._raise()
        self._queue.put((picture, fields))

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
            except Exception as error:  # whatever the picture is, the next one may be good
                self._complain(f"{job[1]['name']} at step {job[1]['step']}: {error}")
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _store(self, make: Callable[[], Picture], fields: dict[str, Any]) -> None:
        picture = make()
        content = encode(picture)
        digest = hashlib.sha256(content).hexdigest()
        path = self._run.media / f"{digest}.webp"
        if not path.exists():
            replace_file(path, content)
        height, width = picture.shape[:2]
        self._journal.write("media", **fields, sha256=digest, width=width, height=height)
        for relay in self._relays:
            relay.put("picture", pixels=picture, **fields)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


def encode(picture: Picture) -> bytes:
    """A uint8 H×W×3 picture as lossless WebP."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", lossless=True, method=0)
    return buffer.getvalue()
