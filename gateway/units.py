"""Durations, sizes and rates as people write them, with their unit."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}

_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,9})?)"
"""More digits are a mistake, and would become infinity in the end."""

_DURATION = re.compile(_NUMBER + r"(ms|s|min|h|d)")
_SIZE = re.compile(r"([0-9]{1,12})(B|KiB|MiB|GiB)")
_RATE = re.compile(_NUMBER + r"/s")


class UnitError(ValueError):
    """A quantity is not written as a number with its unit."""


def parse_duration(text: Any) -> float:
    """Seconds in `500ms`, `1s`, `10min`, `1h` or `30d`."""
    match = _match(_DURATION, text, "a duration", "s", "500ms, 10s, 5min, 1h or 30d")
    return float(match[1]) * SECONDS[match[2]]


def parse_size(text: Any) -> int:
    """Bytes in `64KiB`, `512MiB` or `1GiB`."""
    match = _match(_SIZE, text, "a size", "MiB", "64KiB, 512MiB or 1GiB")
    return int(match[1]) * BYTES[match[2]]


def parse_rate(text: Any) -> float:
    """Times per second in `200/s`."""
    return float(_match(_RATE, text, "a rate", "/s", "200/s")[1])


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back."""
    for unit in ("d", "h", "min", "s"):
        if seconds and seconds % SECONDS[unit] == 0:
            return f"{int(seconds / SECONDS[unit])}{unit}"
    return f"{seconds * 1000:.12g}ms" if seconds else "0s"


def _match(pattern: re.Pattern[str], text: Any, what: str, unit: str, examples: str) -> re.Match[str]:
    if isinstance(text, bool):
        raise UnitError(f"must be {what}, like {examples}")
    if isinstance(text, int | float):
        raise UnitError(f"{text} has no unit - did you mean '{text}{unit}'?")
    if not isinstance(text, str) or not (match := pattern.fullmatch(text)):
        raise UnitError(f"must be {what}, like {examples}")
    return match


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["500ms", "10s", "5min"]}),
]
"""Seconds, written with a unit."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": "string", "pattern": f"^{_SIZE.pattern}$", "examples": ["64KiB", "512MiB"]}),
]
"""Bytes, written with a unit."""

Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    WithJsonSchema({"type": "string", "pattern": f"^{_RATE.pattern}$", "examples": ["200/s"]}),
]
"""Times per second."""
