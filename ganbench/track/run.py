"""`ganbench.Run`: a run of anybody's training loop."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ganbench.environment import describe
from ganbench.errors import InputError, StoreError, explain
from ganbench.store import folder
from ganbench.store.annotations import change
from ganbench.store.relay import Relay
from ganbench.track import pictures, server
from ganbench.track import sinks as trackers
from ganbench.track.quiet import quiet, warn_once
from ganbench.track.session import Session, runs_folder
from ganbench.track.values import plain


class Run(Session):
    """One run: a folder that `ganbench serve` shows while it grows.

    `project` and `name` are what people call it, `config` its parameters (nested mappings are
    welcome), `tags` words to find it by, `notes` Markdown, `id` its identifier, if you choose it.
    The folder is made below `runs_dir` (default: $GANBENCH_RUNS, else ./runs). `sinks` get
    everything that is logged as well: "comet", "wandb", "tensorboard", "mlflow" (docs/sinks.md), or
    a `Relay` of your own. What is printed meanwhile is kept in console.log, unless `console` is
    false. With $GANBENCH_SERVER and $GANBENCH_TOKEN it is sent to that server while it grows.
    `Run.resume` goes on with a run that there is.

    Raises InputError and StoreError when it cannot be made. After that nothing is raised: what goes
    wrong is said once on standard error. Methods may be called from any thread, and in forked
    processes, which write journals of their own.
    """

    def __init__(
        self,
        project: str = "run",
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        *,
        id: str | None = None,
        notes: str = "",
        runs_dir: str | Path | None = None,
        sinks: Sequence[str | Relay] = (),
        console: bool = True,
    ) -> None:
        if isinstance(tags, str):
            raise InputError(f"tags: expected a list of words, got the one word {tags!r}")
        trackers.check(sinks)
        server.configured()  # a wrong address is refused before there is a folder
        content = {
            "project": project,
            "name": name,
            "config": plain(config or {}),
            "environment": describe(),
            "command": sys.argv,
            "tags": [str(tag) for tag in tags],
            "notes": notes,
            "sinks": trackers.names(sinks),
        }
        made = folder.create(runs_folder(runs_dir), project, content, id)
        self._open(made, project, name, (-1, 0), sinks, console)

    @quiet
    def log(
        self, values: Mapping[str, Any], step: int | None = None, seen: int | None = None
    ) -> None:
        """Named numbers at a step; without one, the step after the last such call.

        `seen` is the number of real images used so far, if you count them. A name that is no number
        (a string, an image) is left out with a warning; NaN and the infinities are numbers.
        """
        prefix = self._prefix.get()
        try:
            numbers = {prefix + name: float(value) for name, value in values.items()}
        except (TypeError, ValueError):
            numbers = self._numbers(prefix, values)
        if numbers:
            at = self._at(step, seen, auto=True)
            self._writer().scalars(*at, numbers)

    @quiet
    def log_image(
        self, name: str, image: Any, step: int | None = None, *, caption: str | None = None
    ) -> None:
        """One picture: a path, a PIL image, an array or tensor of H×W, H×W×C or C×H×W.

        Or a function that makes one, as uint8 H×W×3, on another thread. Returns before it is
        encoded. Floats are read as [0, 1], [−1, 1] or [0, 255], whichever holds them.
        """
        self._picture(name, pictures.later(image), step, caption)

    @quiet
    def log_images(
        self,
        name: str,
        images: Any,
        step: int | None = None,
        *,
        columns: int | None = None,
        caption: str | None = None,
    ) -> None:
        """Many images as one grid: N×H×W, N×H×W×C, N×C×H×W, or a list of images of one size."""
        self._picture(name, pictures.grid(images, columns), step, caption)

    @quiet
    def log_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """A Matplotlib figure as a picture; a Plotly figure as a file that the page draws."""
        if hasattr(figure, "to_plotly_json"):
            step = self._at(step)[0]
            self.log_file(figure.to_json().encode(), f"figures/{name}-{step}.plotly.json")
        else:
            self._picture(name, pictures.later(pictures.of_figure(figure)), step, None)

    @quiet
    def log_text(self, text: str, step: int | None = None, *, name: str = "text") -> None:
        """A text at a step."""
        at = self._at(step)
        self._writer().text(self._prefix.get() + name, *at, str(text))

    @quiet
    def log_config(self, values: Mapping[str, Any]) -> None:
        """Parameters that were not known before, or have changed."""
        self._writer().config(plain(values))

    @quiet
    def rename(self, name: str) -> None:
        """Gives it another name; the id stays."""
        self._writer().name(name)
        self.name = name

    @quiet
    def log_file(self, file: str | Path | bytes, name: str | None = None) -> None:
        """Keeps a copy of a file, or of bytes, as files/`name` in the run folder."""
        if isinstance(file, bytes) and not name:
            raise InputError("log_file: bytes need a name")
        target = self.folder.files / (name or Path(str(file)).name)
        if not target.resolve().is_relative_to(self.folder.files.resolve()):
            raise InputError(f"log_file: {name!r} leads out of the run folder")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(file, bytes):
                target.write_bytes(file)
            else:
                shutil.copyfile(file, target)
        except OSError as error:
            raise StoreError(explain(error, target)) from error

    @quiet
    def add_tags(self, *tags: str) -> None:
        """More words to find the run by."""
        change(self.folder, add=tags)
        self._writer().tags(tags)

    @quiet
    def note(self, text: str) -> None:
        """Replaces the notes (Markdown)."""
        change(self.folder, notes=text)

    @quiet
    def _repr_html_(self) -> str:
        """The run in a notebook. The page is above us: only who shows a run needs it."""
        shown: str = import_module("ganbench.notebook").show(self)
        return shown

    @contextmanager
    def context(self, prefix: str) -> Iterator[Run]:
        """Inside, names get `prefix` and an underscore; contexts nest."""
        token = self._prefix.set(f"{self._prefix.get()}{prefix}_")
        try:
            yield self
        finally:
            self._prefix.reset(token)

    def train(self) -> Any:
        """Inside, names begin with "train_"."""
        return self.context("train")

    def test(self) -> Any:
        """Inside, names begin with "test_"."""
        return self.context("test")

    def validate(self) -> Any:
        """Inside, names begin with "validate_"."""
        return self.context("validate")

    @quiet
    def flush(self) -> None:
        """Returns when all pictures so far are on disk; numbers are at once."""
        self._writer().flush()

    def _numbers(self, prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
        numbers = {}
        for name, value in values.items():
            try:
                numbers[f"{prefix}{name}"] = float(value)
            except (TypeError, ValueError):
                kind = type(value).__name__
                warn_once(f"{self.id} {name}", f"log: {name} is no number but a {kind}: left out")
        return numbers

    def _picture(
        self, name: str, make: Callable[[], pictures.Picture], step: int | None, caption: str | None
    ) -> None:
        at = self._at(step)
        self._writer().picture(self._prefix.get() + name, *at, make, caption)
