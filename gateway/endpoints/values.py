"""What the values of endpoints' settings may be, said in words where they are not. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import AfterValidator, SecretStr
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


def taken_by(read: Callable[[str], object], fault: str) -> AfterValidator:
    """A text, or a secret's, that `read` does not raise ValueError for; its words become an error of the type `fault`.

    That shows no value, as it may be secret.
    """

    def check(value: Any) -> Any:
        try:
            read(value.get_secret_value() if isinstance(value, SecretStr) else value)
        except ValueError as error:
            raise PydanticCustomError(fault, "{why}", {"why": str(error)}) from None
        return value

    return AfterValidator(check)


def within(low_s: float, high_s: float) -> AfterValidator:
    """A duration between these, both included."""
    limits = {"low": format_duration(low_s), "high": format_duration(high_s)}

    def check(seconds: float) -> float:
        if not low_s <= seconds <= high_s:
            raise PydanticCustomError("duration_bounds", "must be from {low} to {high}", limits)
        return seconds

    return AfterValidator(check)
