"""What a recorder passes on to others while it records: to Comet, W&B, TensorBoard, MLflow."""

from __future__ import annotations

from typing import Any, Protocol


class Relay(Protocol):
    """Takes events and returns at once, whatever becomes of them.

    The events and their fields: "scalars" (step, values), "picture" (name, step, seen, caption,
    pixels as uint8 H×W×3), "text" (name, step, text), "config" (values), "scores" (step, scores),
    "tags" (tags), "name" (name).
    """

    def put(self, event: str, **fields: Any) -> None:
        """One event."""

    def close(self, state: str) -> None:
        """The run has ended as `state`; returns when what can be sent has been."""
