"""What all parts of the configuration are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.units import Duration

IDENTIFIER = r"^[A-Za-z0-9_-]{1,64}$"
PERCENTAGE = r"^\d+(\.\d+)?%$"

Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
Labels = dict[str, str]


class StrictModel(BaseModel):
    """A part of the configuration: unknown keys are errors, values keep their YAML type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
    """Most are only parts of others, or of what a site does not use: they are built when they are needed."""


def _longer_than_zero(seconds: float) -> float:
    if seconds <= 0:
        raise PydanticCustomError("zero_duration", "must be longer than zero")
    return seconds


Period = Annotated[Duration, AfterValidator(_longer_than_zero)]
"""Seconds, written with a unit; never zero."""
