"""At what settings a search listens, and for how long: its options. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.serial.search.setting import Setting
from gateway.adapter import Rejected
from gateway.ports.settings import MAX_BAUDRATE, MIN_BAUDRATE
from gateway.units import UnitError, format_duration, parse_duration

BAUDRATES = (9600, 115200, 19200, 38400, 57600, 4800, 2400, 1200)
"""What devices are set to, the usual ones first."""
FORMATS = ("8N1", "8E1")
"""A line of 7E1 or 7O1 shows at 8N1: it has as many bits, and the eighth is the parity of the others."""
LISTEN_S = 3.0
"""At each setting: most devices that speak by themselves do it each second."""
MAX_LISTEN_S = 3600.0
MAX_SETTINGS = 64
"""In one search: more are a mistake."""
OPTIONS = frozenset({"baudrate", "format", "listen", "as_set"})


class Scope(NamedTuple):
    """Settings in the order in which they are tried, and how long each is listened to at most."""

    settings: tuple[Setting, ...]
    listen_s: float

    @property
    def total_s(self) -> float:
        """At most."""
        return len(self.settings) * self.listen_s


def is_as_set(options: Mapping[str, Any]) -> bool:
    """Whether only the link's own settings are listened at, beside what is going on there; raises Rejected."""
    if unknown := sorted(set(options) - OPTIONS):
        raise _malformed(f"a search has the options baudrate, format, listen and as_set, but no {unknown[0]!r}")
    as_set = options.get("as_set", False)
    if not isinstance(as_set, bool):
        raise _malformed("as_set is true or false")
    if as_set and {"baudrate", "format"} & set(options):
        raise _malformed("as_set listens at the link's own settings, baudrate and format at others: choose")
    return as_set


def scope_of(options: Mapping[str, Any], *, can_be_set: bool, own: Setting) -> Scope:
    """What `baudrate` ("9600,19200"), `format` ("8N1,7E1") and `listen` ("10s") ask for; raises Rejected.

    `can_be_set`: whether the speed means something there; `own`: the link's.
    """
    listen_s = _listen(options.get("listen", format_duration(LISTEN_S)))
    if is_as_set(options):
        return Scope((own,), listen_s)
    if not can_be_set:
        if {"baudrate", "format"} & set(options):
            raise _malformed(
                "a network's or a pseudo terminal's speed can't be set from here: leave --baudrate and --format out"
            )
        return Scope((Setting(None),), listen_s)
    rates = _baudrates(options["baudrate"]) if "baudrate" in options else BAUDRATES
    formats = _words("format", options["format"], "8N1,7E1") if "format" in options else FORMATS
    settings = tuple(_formatted(rate, each) for each in formats for rate in rates)
    if len(settings) > MAX_SETTINGS:
        raise _malformed(f"at most {MAX_SETTINGS} settings in one search")
    return Scope(settings, listen_s)


def _formatted(rate: int, text: str) -> Setting:
    try:
        return Setting(rate).formatted(text)
    except ValueError as error:
        raise _malformed(f"format: {error}") from None


def _baudrates(given: Any) -> tuple[int, ...]:
    words = _words("baudrate", given, "9600,19200")
    if not all(word.isascii() and word.isdigit() and len(word) <= len(str(MAX_BAUDRATE)) for word in words):
        raise _malformed('baudrate must be numbers, like "9600,19200"')
    rates = tuple(dict.fromkeys(map(int, words)))
    if wrong := [rate for rate in rates if not MIN_BAUDRATE <= rate <= MAX_BAUDRATE]:
        raise _malformed(f"baudrate: {wrong[0]} is none; they are {MIN_BAUDRATE} to {MAX_BAUDRATE}")
    return rates


def _words(name: str, given: Any, example: str) -> list[str]:
    """Of a text with commas, or one number."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _malformed(f'{name} must be a text like "{example}"')
    return [word.strip() for word in str(given).split(",")]


def _listen(given: Any) -> float:
    try:
        listen_s = parse_duration(given)
    except UnitError as error:
        raise _malformed(f"listen {error}") from None
    if not 0 < listen_s <= MAX_LISTEN_S:
        raise _malformed(f"listen must be longer than zero and at most {format_duration(MAX_LISTEN_S)}")
    return listen_s


def _malformed(detail: str) -> Rejected:
    return Rejected("malformed", detail)
