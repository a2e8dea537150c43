"""Weights & Biases: online where a key is known, else offline in <run>/sinks/wandb.

W&B drops what comes with a smaller step than the last, and our pictures and scores do. So each row
carries its step as a value, which is the x axis of every chart, and W&B counts its own steps.
"""

from __future__ import annotations

import netrc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from ganbench.store.media import Picture
from ganbench.track.sinks.backend import Backend

STEP = "global_step"
STATUS = {"finished": 0, "killed": 255}  # W&B's own for Ctrl-C; 1 is a failure


class Tracker(Backend):
    """A run of W&B, beside any that the program itself may have."""

    def load(self) -> None:
        self._package = import_module("wandb")

    def begin(self) -> str:
        about = self.about
        self._run = self._package.init(
            project=os.environ.get("WANDB_PROJECT") or about.project,
            id=about.id,
            name=about.name,
            notes=about.notes or None,
            tags=about.tags,
            config=dict(about.config),
            dir=str(about.folder),
            mode=os.environ.get("WANDB_MODE") or ("online" if _key_is_known() else "offline"),
            resume="allow",
            reinit="create_new",
            settings=self._package.Settings(
                console="off",
                disable_code=True,
                disable_git=True,
                silent=True,
                symlink=False,
                x_disable_meta=True,
                x_disable_stats=True,
                x_save_requirements=False,
            ),
        )
        _unhook()
        self._run.define_metric(STEP)
        self._run.define_metric("*", step_metric=STEP)
        if self._run.offline:
            where = about.folder / "wandb" / "offline-run-*"
            return f"offline; when the run has ended: wandb sync {where}"
        return str(self._run.url)

    def scalars(self, when: float, step: int, values: Mapping[str, float]) -> None:
        self._log(when, step, dict(values))

    def picture(
        self, when: float, step: int, name: str, caption: str | None, pixels: Picture
    ) -> None:
        image = self._package.Image(Image.fromarray(pixels), caption=caption)
        self._log(when, step, {name: image})

    def text(self, when: float, step: int, name: str, text: str) -> None:
        self._log(when, step, {name: text})

    def config(self, values: Mapping[str, Any]) -> None:
        self._run.config.update(dict(values), allow_val_change=True)

    def name(self, name: str) -> None:
        self._run.name = name

    def tags(self, tags: Sequence[str]) -> None:
        self._run.tags = (*(self._run.tags or ()), *tags)

    def end(self, state: str) -> None:
        self._run.summary["state"] = state
        self._run.finish(exit_code=STATUS.get(state, 1))

    def _log(self, when: float, step: int, row: dict[str, Any]) -> None:
        self._run.log({**row, STEP: step, "_timestamp": when})


def _key_is_known() -> bool:
    """Whether W&B would find a key; without one it would ask on the terminal."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    address = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
    with suppress(OSError, netrc.NetrcParseError):
        known = netrc.netrc(os.environ.get("NETRC"))
        return known.authenticators(urlsplit(address).hostname or "") is not None
    return False


def _unhook() -> None:
    """Takes W&B's hook off again, which prints each traceback before the hook before it does."""
    hook = getattr(sys.excepthook, "__self__", None)
    if type(hook).__module__.startswith("wandb."):
        sys.excepthook = getattr(hook, "_orig_excepthook", None) or sys.__excepthook__
