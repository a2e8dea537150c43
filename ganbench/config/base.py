"""What all parts of a config share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Frozen(BaseModel):
    """Immutable, and an unknown key or a non-finite number is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
