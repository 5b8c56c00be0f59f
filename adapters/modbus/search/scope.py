"""Where a scan looks, at what settings and for how long: its options. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple, get_args

from adapters.modbus.config.link import ModbusLink
from gateway.adapter import Rejected
from gateway.ports import MAX_BAUDRATE, MIN_BAUDRATE, Parity
from gateway.units import UnitError, format_duration, parse_duration

DEFAULT_UNITS = "1-247"
"""All that devices on a serial line may have (MODBUS over Serial Line V1.02, 2.2)."""
NETWORK_UNITS = "1-247,255"
"""And what devices without a line behind them answer to (MODBUS Messaging on TCP/IP V1.0b, 4.4.1.2)."""
MAX_UNIT = 255
"""A unit id is one byte; TCP servers take 0 and 255 for themselves (MODBUS Messaging on TCP/IP V1.0b, 4.4.1.2)."""
DEFAULT_TIMEOUT_S = 0.5
"""Or what the slowest device on the link is given, if that is less: 247 times a second is too long for a person."""
SERIAL_TIMEOUT_S = 0.2
"""The same where many settings are tried, most of them in vain: devices that take longer are few."""
MAX_TIMEOUT_S = 10.0
"""Of one probe: for so long it may keep a command from a bus that takes one request at a time."""

BAUDRATES = (9600, 19200, 38400, 57600, 115200, 4800, 2400, 1200)
"""What devices can be set to, the usual ones first (MODBUS over Serial Line V1.02, 2.5.1: 9600 and 19200 must be)."""
PARITIES: tuple[Parity, ...] = ("none", "even", "odd")
"""Even is the specification's own (V1.02, 2.5.1), none what most devices leave the factory with."""
MAX_BAUDRATES = 16
"""In one scan: more are a mistake."""
SERIAL_OPTIONS = frozenset({"serial", "baudrate", "parity"})

_SPAN = re.compile(r"\s*([0-9]{1,3})\s*(?:-\s*([0-9]{1,3})\s*)?")


class Scope(NamedTuple):
    """Unit ids, ascending, and how long each may take to answer."""

    units: tuple[int, ...]
    timeout_s: float


def scope_of(options: Mapping[str, Any], slowest_s: float | None, usual_units: str = DEFAULT_UNITS) -> Scope:
    """What `units` ("1-32,40") and `timeout` ("300ms") ask for; `slowest_s`: the longest timeout of any device there.

    `usual_units`: where none are named. Raises Rejected.
    """
    if unknown := sorted(set(options) - {"units", "timeout", *SERIAL_OPTIONS}):
        raise _malformed(f"a scan has the options units, timeout, serial, baudrate and parity, but no {unknown[0]!r}")
    usual_s = SERIAL_TIMEOUT_S if is_serial(options) else DEFAULT_TIMEOUT_S
    timeout_s = min(usual_s, slowest_s or usual_s)
    if "timeout" in options:
        timeout_s = _timeout(options["timeout"])
    return Scope(_units(options.get("units", usual_units)), timeout_s)


def is_serial(options: Mapping[str, Any]) -> bool:
    """Whether other settings of the port are to be tried than the link's; raises Rejected."""
    if not isinstance(options.get("serial", True), bool):
        raise _malformed("serial is true or false")
    return any(options.get(name, False) is not False for name in SERIAL_OPTIONS)


def units_of(link: ModbusLink) -> str:
    """What is tried where nothing else is asked for."""
    return DEFAULT_UNITS if link.is_line else NETWORK_UNITS


def settings_of(link: ModbusLink, options: Mapping[str, Any]) -> tuple[ModbusLink, ...]:
    """The link at each setting that is to be tried; raises Rejected."""
    if not is_serial(options):
        return (link,)
    if not link.is_serial:
        raise _malformed(f"{link.peer} is reached through a network: baud rate and parity are set in what is there")
    rates = _baudrates(options["baudrate"]) if "baudrate" in options else BAUDRATES
    parities = _parities(options["parity"]) if "parity" in options else PARITIES
    tried = product(rates, parities)
    return tuple(
        link.model_copy(update={"baudrate": rate, "parity": parity, "stop_bits": 1.0}) for rate, parity in tried
    )


def _baudrates(given: Any) -> tuple[int, ...]:
    words = _words("baudrate", given, "9600,19200")
    if not all(word.isascii() and word.isdigit() and len(word) <= len(str(MAX_BAUDRATE)) for word in words):
        raise _malformed('baudrate must be numbers, like "9600,19200"')
    rates = tuple(dict.fromkeys(map(int, words)))
    if len(rates) > MAX_BAUDRATES:
        raise _malformed(f"baudrate: at most {MAX_BAUDRATES} in one scan")
    if wrong := [rate for rate in rates if not MIN_BAUDRATE <= rate <= MAX_BAUDRATE]:
        raise _malformed(f"baudrate: {wrong[0]} is none; they are {MIN_BAUDRATE} to {MAX_BAUDRATE}")
    return rates


def _parities(given: Any) -> tuple[Parity, ...]:
    known: dict[str, Parity] = {parity: parity for parity in get_args(Parity)}
    words = _words("parity", given, "none,even")
    if wrong := [word for word in words if word not in known]:
        raise _malformed(f"parity: {wrong[0]!r} is none; there are {', '.join(known)}")
    return tuple(dict.fromkeys(known[word] for word in words))


def _words(name: str, given: Any, example: str) -> list[str]:
    """Of a text with commas, or one number."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _malformed(f'{name} must be a text like "{example}"')
    return [word.strip() for word in str(given).split(",")]


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
