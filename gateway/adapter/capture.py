r"""A capture: what went over one wire and when, as a text that people read, and tests and simulators play. Pure.

One line each: when, who said it (`rx`: the device, `tx`: we), the bytes, and for the reader the same as text:

    # comments, anywhere
    2026-11-30T11:13:35.123456Z rx 53 54 0D 0A  |ST..|
    +40ms tx 02 "T1" 03
    ! {"invoke": "tare"}

Written by hand, a time may be `+40ms`, since the line before, or missing: at once; bytes may be a text in quotes, with
the escapes \r \n \t \0 \" \\ and \x1B. `!` is a command: only in test cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_args

from gateway.adapter.contract import Direction
from gateway.units import SECONDS

US = 1_000_000
"""Microseconds of a second."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIRECTIONS = frozenset(get_args(Direction))
COMMAND = "!"
FORM = '[TIME] rx or tx, then bytes: +40ms rx 53 54 "text" 0D 0A'

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")
_SINCE = re.compile(r"\+([0-9]{1,12}(?:\.[0-9]{1,9})?)(us|ms|s|min|h|d)")
_PART = re.compile(r'\s*(?:((?:[0-9A-Fa-f]{2})+)(?=[\s"|]|$)|"((?:[^"\\]|\\.)*)")')
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_SIMPLE = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", '"': '"', "\\": "\\"}
_SPANS_US = {unit: seconds * US for unit, seconds in SECONDS.items()} | {"us": 1}
_SHOWN = bytes(byte if 0x20 <= byte < 0x7F else ord(".") for byte in range(256))


class CaptureError(ValueError):
    """A line that can't be read; the text says which, why and what would do."""


class Traffic(NamedTuple):
    """Bytes that went over the wire together, their last at `at_us` from the capture's begin on."""

    at_us: int
    direction: Direction
    data: bytes


class Commanded(NamedTuple):
    """A command, as on a command topic."""

    at_us: int
    command: Mapping[str, Any]


class Capture(NamedTuple):
    """In order; `at_us` never falls. `began_us`: the first time that it names (UTC, Unix); None if it names none."""

    began_us: int | None
    entries: tuple[Traffic | Commanded, ...]


def parse_capture(lines: Iterable[str], name: str) -> Capture:
    """Of the lines of a file, with or without their ends; raises CaptureError, with `name` and the line's number."""
    clock = _Clock()
    entries: list[Traffic | Commanded] = []
    for number, line in enumerate(lines, 1):
        try:
            if entry := _entry(line.strip(), clock):
                entries.append(entry)
        except ValueError as error:
            raise CaptureError(f"{name}:{number}: {error}") from None
    return Capture(clock.began_us, tuple(entries))


def capture_line(moment: str, direction: Direction, data: bytes) -> str:
    """A line without its end; the moment as `iso_us` has it, or `+40ms` since the line before."""
    return f"{moment} {direction} {data.hex(' ').upper()}  |{capture_text(data)}|"


def iso_us(time_us: int) -> str:
    """UTC with microseconds, of Unix microseconds: `2026-11-30T11:13:35.123456Z`."""
    moment = (EPOCH + timedelta(microseconds=time_us)).isoformat(timespec="microseconds")
    return f"{moment.removesuffix('+00:00')}Z"


def capture_comment(text: str) -> str:
    """Lines that a reader sees and `parse_capture` passes over, without the last one's end."""
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def capture_text(data: bytes) -> str:
    """One character for each byte, a dot for those that ASCII has no sign for."""
    return data.translate(_SHOWN).decode("ascii")


class _Clock:
    """Where the lines are in time: a wall clock that was set back between two of them is no pause, and no error."""

    def __init__(self) -> None:
        self.began_us: int | None = None
        self._at_us = 0
        self._zero_us = 0

    def at_us(self, time: str) -> int:
        """From the begin on, after a time as it is written or `` (now); raises ValueError."""
        if match := _SINCE.fullmatch(time):
            self._at_us += round(float(match[1]) * _SPANS_US[match[2]])
        elif time:
            moment_us = (datetime.fromisoformat(time) - EPOCH) // timedelta(microseconds=1)
            if self.began_us is None:
                self.began_us = moment_us
                self._zero_us = moment_us - self._at_us
            elif moment_us - self._zero_us < self._at_us:
                self._zero_us = moment_us - self._at_us
            self._at_us = moment_us - self._zero_us
        return self._at_us


def _entry(line: str, clock: _Clock) -> Traffic | Commanded | None:
    if not line or line.startswith("#"):
        return None
    first, rest = _word(line)
    time = first if _TIME.fullmatch(first) or _SINCE.fullmatch(first) else ""
    kind, said = _word(rest if time else line)
    if kind == COMMAND:
        return Commanded(clock.at_us(time), _command(said))
    if kind not in DIRECTIONS:
        raise ValueError(f"{kind or line!r} is neither a time nor rx nor tx: write {FORM}")
    return Traffic(clock.at_us(time), "rx" if kind == "rx" else "tx", _octets(said))


def _word(text: str) -> tuple[str, str]:
    """The first, and what comes behind it."""
    first, rest, *_ = [*text.split(maxsplit=1), "", ""]
    return first, rest


def _command(text: str) -> Mapping[str, Any]:
    try:
        command = json.loads(text)
    except ValueError as error:
        raise ValueError(f'! wants a command as JSON, like ! {{"invoke": "tare"}}: {error}') from None
    if not isinstance(command, dict):
        raise ValueError('! wants a command as JSON, like ! {"invoke": "tare"}')
    return command


def _octets(text: str) -> bytes:
    """Up to the text for the reader."""
    data, at = bytearray(), 0
    while match := _PART.match(text, at):
        data += bytes.fromhex(match[1]) if match[1] else _quoted(match[2])
        at = match.end()
    rest = text[at:].strip()
    if rest and not rest.startswith("|"):
        raise ValueError(f'{rest.split()[0]!r} is no bytes: two hex digits each, or a text in "quotes"')
    if not data:
        raise ValueError(f"there are no bytes: write {FORM}")
    return bytes(data)


def _quoted(text: str) -> bytes:
    try:
        return _ESCAPED.sub(_unescaped, text).encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start]!r} is no single byte: write its bytes as hex digits") from None


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    if match[2] not in _SIMPLE:
        raise ValueError(rf"\{match[2]} is no escape; there are \r \n \t \0 \x1B and a backslash before \ or a quote")
    return _SIMPLE[match[2]]
