"""Durations, sizes and rates as people write them, with their unit."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}

_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,9})?)"
"""More digits are a mistake, and would become infinity in the end."""

_DURATION = re.compile(_NUMBER + r"(ms|s|min|h|d)")
_SIZE = re.compile(r"([0-9]{1,12})(B|KiB|MiB|GiB)")
_RATE = re.compile(_NUMBER + r"/s")
_QUOTA = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})?(s|min|h|d)")
_SHARE = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,2})?)%")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")

OFTEN_SMALLER = {"s": ("ms", 10), "MiB": ("B", 1024)}
"""From here on a number without unit is rather of the smaller one, as timeouts in manuals are, and limits of clouds."""
MAX_SHARE = 0.9
"""What is kept for some must leave something to the others."""

DAY_MINUTES = 1440


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


class TimesIn(NamedTuple):
    """At most `times` in any `period_s` seconds."""

    times: int
    period_s: float


def parse_quota(text: Any) -> TimesIn:
    """How often in which time, in `6/min`, `1/10s` or `4/h`."""
    match = _match(_QUOTA, text, "so many in a time", "/min", "6/min, 1/10s or 4/h")
    return TimesIn(int(match[1]), int(match[2] or 1) * SECONDS[match[3]])


def parse_share(text: Any) -> float:
    """A share of 1 in `30%`; at most 90%."""
    share = float(_match(_SHARE, text, "a share", "%", "30%")[1]) / 100
    if share > MAX_SHARE:
        raise UnitError(f"must be at most {MAX_SHARE:.0%}")
    return share


def parse_hours(given: Any) -> tuple[tuple[int, int], ...]:
    """Minutes of the day, from and to, in `06:00-22:00` or a list of such; `22:00-06:00` is over midnight."""
    return tuple(_span(text) for text in (given if isinstance(given, list | tuple) else [given]))


def _span(text: Any) -> tuple[int, int]:
    match = _HOURS.fullmatch(text) if isinstance(text, str) else None
    start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    if start == end or end > DAY_MINUTES:
        raise UnitError('must be times of day, like "06:00-22:00" or "22:00-06:00"')
    return start, end


def format_quota(quota: TimesIn) -> str:
    """The shortest text that `parse_quota` reads back."""
    period = format_duration(quota.period_s)
    return f"{quota.times}/{period.removeprefix('1') if period[:2].isalnum() and not period[1].isdigit() else period}"


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
        smaller, least = OFTEN_SMALLER.get(unit, (None, 0))
        other = f" or '{text}{smaller}'" if smaller is not None and text >= least else ""
        raise UnitError(f"{text} has no unit - did you mean '{text}{unit}'{other}?")
    if isinstance(text, str) and not pattern.fullmatch(text) and pattern.fullmatch(close := text.replace(" ", "")):
        raise UnitError(f"must be {what}, without blanks: {close}")
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

Quota = Annotated[
    TimesIn,
    PlainValidator(parse_quota),
    WithJsonSchema({"type": "string", "pattern": f"^{_QUOTA.pattern}$", "examples": ["6/min", "4/h"]}),
]
"""How often in which time at most."""

Share = Annotated[
    float,
    BeforeValidator(parse_share),
    WithJsonSchema({"type": "string", "pattern": f"^{_SHARE.pattern}$", "examples": ["30%"]}),
]
"""Of 1, written in percent."""

Hours = Annotated[
    tuple[tuple[int, int], ...],
    PlainValidator(parse_hours),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_HOURS.pattern}$"},
                {"type": "array", "items": {"type": "string", "pattern": f"^{_HOURS.pattern}$"}},
            ],
            "examples": ["06:00-22:00"],
        }
    ),
]
"""Times of day: from and to, in minutes since midnight."""
