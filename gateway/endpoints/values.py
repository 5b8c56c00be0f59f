"""What the values of endpoints' settings may be, said in words where they are not. Pure."""

from __future__ import annotations

import re

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.units import format_duration


def spelt(pattern: str, fault: str, otherwise: str) -> AfterValidator:
    """A text of this pattern; else an error of the type `fault` with a sentence instead of the pattern."""
    known = re.compile(pattern)

    def check(text: str) -> str:
        if not known.fullmatch(text):
            raise PydanticCustomError(fault, "{otherwise}", {"otherwise": otherwise})
        return text

    return AfterValidator(check)


def within(low_s: float, high_s: float) -> AfterValidator:
    """A duration between these, both included."""
    limits = {"low": format_duration(low_s), "high": format_duration(high_s)}

    def check(seconds: float) -> float:
        if not low_s <= seconds <= high_s:
            raise PydanticCustomError("duration_bounds", "must be from {low} to {high}", limits)
        return seconds

    return AfterValidator(check)
