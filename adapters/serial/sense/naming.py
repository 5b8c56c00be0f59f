"""Points that are `from` what their message does not have. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.serial.config import Columns, Decode, Iec62056, Nmea, Pairs, SerialLink, SerialPoint, Table
from adapters.serial.config.message import MessageParts
from adapters.serial.decode.columns import place_of as column_of
from adapters.serial.decode.make import decode_of
from adapters.serial.decode.nmea import FIELDS, place_of, sentence_of
from adapters.serial.patterns import compiled
from adapters.serial.sense.complaint import listed, near
from adapters.serial.sense.links import beyond

Said = Iterator[tuple[tuple[str, ...], str]]
"""Paths from the message or the device on, and sentences."""


def of_points(parts: MessageParts, points: Mapping[str, SerialPoint], link: SerialLink) -> Said:
    """A sentence for each point that never has a value; paths from the device on."""
    decode = decode_of(parts, points)
    wrong = _CHECKS.get(type(decode), _group)
    for name, point in points.items():
        text = _misplaced(point, decode) or wrong(name, point, decode, parts, link)
        if text is not None:
            yield ("points", name, "at" if point.at is not None else "from"), text


def _misplaced(point: SerialPoint, decode: Decode) -> str | None:
    is_table = isinstance(decode, Table)
    if point.is_binary == is_table:
        return None
    if is_table:
        return "its message is bytes, so that it needs `at`, its first byte; for text say decode: pattern"
    return f"`at` is for binary frames, and its message is {decode.type}: say from, or leave decode out"


def _group(name: str, point: SerialPoint, _decode: Any, parts: MessageParts, link: SerialLink) -> str | None:
    if not isinstance(parts.match, str):
        return "it is a group of match, which is not there: say what its lines look like, as in match: '^(?P<code>.+)$'"
    names = compiled(parts.match, link.encoding).names
    called = point.called(name)
    return None if called in names else f"match has no group (?P<{called}>...): {near(called, names)}"


def _column(name: str, point: SerialPoint, decode: Columns, _parts: MessageParts, _link: SerialLink) -> str | None:
    called = point.called(name)
    try:
        number = column_of(called, decode)
    except KeyError:
        hint = near(called, decode.names) if decode.names else "say from: 1 for the first, or give decode their names"
        return f"no column is called {called}: {hint}"
    if decode.names is not None and number >= len(decode.names):
        return f"there is no column {number + 1}: names has {len(decode.names)}"
    return None


def _key(name: str, point: SerialPoint, decode: Pairs, _parts: MessageParts, link: SerialLink) -> str | None:
    called = point.called(name)
    try:
        key = called.encode(link.encoding)
    except UnicodeEncodeError:
        return f"the key {called} does not exist in {link.encoding}: the link's encoding may be utf-8"
    if decode.separator in key or decode.equals in key:
        return f"no key can be called {called}: a mark between keys and values is in it"
    return None


def _field(name: str, point: SerialPoint, _decode: Any, _parts: MessageParts, _link: SerialLink) -> str | None:
    called = point.called(name)
    sentence, field = sentence_of(called)
    if not field:
        return f"say the sentence and its field, as in GGA.lat or GGA.2, not {called}"
    names = FIELDS.get(sentence[-3:], "").split()
    try:
        place = place_of(sentence, field)
    except KeyError:
        if not names:
            known = listed([*FIELDS])
            return f"the fields of {sentence} have no names here: say {sentence}.1, the number; names have {known}"
        return f"{sentence} has no field {field}: {near(field, names)}, or its number"
    if place.kind == "position" and point.type != "float":
        return f"{called} is degrees, of type float"
    return None


def _place(name: str, point: SerialPoint, _decode: Any, _parts: MessageParts, link: SerialLink) -> str | None:
    size = point.quantity.scalar.size
    if point.at is not None and (room := beyond(link, point.at, size)):
        return f"{name} {room}"
    if point.quantity.scalar.is_text and point.order in ("BADC", "CDAB") and size % 2:
        return f"order {point.order} swaps pairs of bytes, and its {size} bytes are no pairs"
    return None


def _address(name: str, point: SerialPoint, _decode: Any, _parts: MessageParts, _link: SerialLink) -> str | None:
    called = point.called(name)
    if any(mark in called for mark in "() \t"):
        return f'"{called}" is no address of a value, like 1.8.0 or 1-0:1.8.0*255'
    return None


_Check = Callable[[str, SerialPoint, Any, MessageParts, SerialLink], str | None]
_CHECKS: Mapping[type, _Check] = {Columns: _column, Pairs: _key, Table: _place, Nmea: _field, Iec62056: _address}
