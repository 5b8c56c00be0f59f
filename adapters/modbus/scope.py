"""Where a scan looks, and for how long: its options. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gateway.adapter import Rejected
from gateway.units import UnitError, format_duration, parse_duration

DEFAULT_UNITS = "1-247"
"""All that devices on a serial line may have (MODBUS over Serial Line V1.02, 2.2)."""
MAX_UNIT = 255
"""A unit id is one byte; TCP servers take 0 and 255 for themselves (MODBUS Messaging on TCP/IP V1.0b, 4.4.1.2)."""
DEFAULT_TIMEOUT_S = 0.5
"""Or what the slowest device on the link is given, if that is less: 247 times a second is too long for a person."""
MAX_TIMEOUT_S = 10.0
"""Of one probe: for so long it may keep a command from a bus that takes one request at a time."""

_SPAN = re.compile(r"\s*([0-9]{1,3})\s*(?:-\s*([0-9]{1,3})\s*)?")


class Scope(NamedTuple):
    """Unit ids, ascending, and how long each may take to answer."""

    units: tuple[int, ...]
    timeout_s: float


def scope_of(options: Mapping[str, Any], slowest_s: float | None) -> Scope:
    """What `units` ("1-32,40") and `timeout` ("300ms") ask for; `slowest_s`: the longest timeout of any device there.

    Raises Rejected.
    """
    if unknown := sorted(set(options) - {"units", "timeout"}):
        raise _malformed(f"a scan has the options units and timeout, but no {unknown[0]!r}")
    timeout_s = min(DEFAULT_TIMEOUT_S, slowest_s or DEFAULT_TIMEOUT_S)
    if "timeout" in options:
        timeout_s = _timeout(options["timeout"])
    return Scope(_units(options.get("units", DEFAULT_UNITS)), timeout_s)


def _timeout(given: Any) -> float:
    try:
        timeout_s = parse_duration(given)
    except UnitError as error:
        raise _malformed(f"timeout {error}") from None
    if not 0 < timeout_s <= MAX_TIMEOUT_S:
        raise _malformed(f"timeout must be longer than zero and at most {format_duration(MAX_TIMEOUT_S)}")
    return timeout_s


def _units(given: Any) -> tuple[int, ...]:
    if not isinstance(given, str):
        raise _malformed('units must be a text like "1-32,40"')
    return tuple(sorted({unit for part in given.split(",") for unit in _span(part)}))


def _span(part: str) -> Iterator[int]:
    if (match := _SPAN.fullmatch(part)) is None:
        raise _malformed('units must be numbers and spans, like "1-32,40"')
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise _malformed(f"units: {first}-{last} runs backwards")
    if last > MAX_UNIT:
        raise _malformed(f"units: {last} is no unit id; they end at {MAX_UNIT}")
    yield from range(first, last + 1)


def _malformed(detail: str) -> Rejected:
    return Rejected("malformed", detail)
