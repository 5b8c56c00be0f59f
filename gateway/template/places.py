"""What is sent, as an installer writes it, taken apart: bytes, and places for what is known only then. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, cast, get_args

from gateway.template.octets import as_octets, parse_hex
from gateway.values import SCALARS, Order

CHECKSUM = "checksum"
"""The name of the place where the link's checksum over what stands before it goes."""

MAX_WIDTH = 64
"""Characters: what is padded further is no number that anybody reads."""
MAX_PLACES = 17
"""Decimals: as many as tell any two doubles apart."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FORMAT = re.compile(r"([+ ]?)(0?)([1-9]\d?)?(?:\.(\d{1,2}))?([dfxX])")

NO_BRACES = "{ and } stand around a name, as in {value}: to send one itself write it twice, {{ or }}"


class Format(NamedTuple):
    """How a number is written in characters, as Python has it: `06.1f`."""

    sign: str
    zero: bool
    width: int
    places: int | None
    letter: Literal["d", "f", "x", "X"]

    def __str__(self) -> str:
        width = str(self.width) if self.width else ""
        places = "" if self.places is None else f".{self.places}"
        return f"{self.sign}{'0' if self.zero else ''}{width}{places}{self.letter}"


class Scalar(NamedTuple):
    """How a number is written in bytes: `int16/DCBA`."""

    type: str
    order: Order


class Place(NamedTuple):
    """Where something goes; without `how` it is text as it stands, or the shortest decimal."""

    name: str
    how: Format | Scalar | None = None


Part = bytes | Place


def parts_of_text(text: str) -> tuple[Part, ...]:
    r"""Of `"R{address:02d}\r\n"`; raises ValueError."""
    return _joined(_of_text(text))


def parts_of_hex(text: str) -> tuple[Part, ...]:
    """Of `AA {address:uint8} {value:int16/DCBA} {checksum}`; raises ValueError."""
    return _joined(_of_hex(text))


def _of_text(text: str) -> Iterator[Part]:
    at = 0
    for match in _PART.finditer(text):
        yield as_octets(text[at : match.start()])
        at = match.end()
        if match[0] in {"{{", "}}"}:
            yield match[0][:1].encode()
        else:
            yield _place(match, _format_of)
    yield as_octets(text[at:])


def _of_hex(text: str) -> Iterator[Part]:
    at = 0
    for match in _PART.finditer(text):
        yield parse_hex(text[at : match.start()])
        at = match.end()
        yield _place(match, _scalar_of)
    yield parse_hex(text[at:])


def _joined(parts: Iterator[Part]) -> tuple[Part, ...]:
    """Without empty bytes, and with none beside others."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += part
        elif part:
            joined.append(part)
    if not joined:
        raise ValueError("must not be empty: there is nothing to send")
    return tuple(joined)


def _place(match: re.Match[str], how_of: Callable[[str], Format | Scalar]) -> Place:
    if match[1] is None:
        raise ValueError(NO_BRACES)
    name, colon, how = match[1].partition(":")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{match[0]}: {NO_BRACES}")
    if not colon:
        return Place(name)
    if name == CHECKSUM:
        raise ValueError(f"{match[0]}: how it is written, the link's checksum says (encoding, endian)")
    return Place(name, how_of(how))


def _format_of(text: str) -> Format:
    match = _FORMAT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"'{text}' is no way to write a number: 05d is five digits, 06.1f six characters with one decimal, "
            "02X two hex digits"
        )
    sign, zero, width, places, letter = match.groups()
    if places is not None and letter != "f":
        raise ValueError(f"'{text}': decimals go with f, as in .{places}f")
    if int(width or 0) > MAX_WIDTH or int(places or 0) > MAX_PLACES:
        raise ValueError(f"'{text}': at most {MAX_WIDTH} characters and {MAX_PLACES} decimals")
    letter = cast("Literal['d', 'f', 'x', 'X']", letter)
    return Format(sign, bool(zero), int(width or 0), int(places) if places is not None else None, letter)


def _scalar_of(text: str) -> Scalar:
    name, _, order = text.partition("/")
    scalar = SCALARS.get(name)
    if scalar is None or scalar.is_text:
        known = ", ".join(each for each, kind in SCALARS.items() if not kind.is_text)
        raise ValueError(f"'{text}' is no way to write a number in bytes: {known}, and behind it perhaps /DCBA")
    orders = get_args(Order)
    if order and order not in orders:
        raise ValueError(f"'{text}': the order of bytes is one of {', '.join(orders)}")
    if order and scalar.size == 1:
        raise ValueError(f"'{text}': a single byte has no order")
    return Scalar(name, cast("Order", order or "ABCD"))
