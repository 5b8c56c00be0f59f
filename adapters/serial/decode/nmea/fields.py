"""Fields of sentences that are more than a number or a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from adapters.serial.config import SerialPoint
from adapters.serial.decode.nmea.sentences import Place
from adapters.serial.decode.texts import number_reader, text_reader, undecodable
from gateway.model import Bad, BadReason, Value
from gateway.values import Spoiled

Fields = Sequence[bytes]
"""Of a sentence, its own name first."""

ReadField = Callable[[Fields], Value]

DEGREE_DECIMALS = 9
"""A tenth of a millimetre on the ground: finer than any receiver, coarser than the noise of the division."""
MAX_LATITUDE, MAX_LONGITUDE = 90, 180
"""In degrees."""

_POSITION = re.compile(rb"(\d{1,3})(\d{2}(?:\.\d*)?)")
_ANGLE = re.compile(rb"\d+(?:\.\d*)?")
_TIME = re.compile(rb"(\d{2})(\d{2})(\d{2})((?:\.\d+)?)")
_DATE = re.compile(rb"(\d{2})(\d{2})(\d{2})")
_NORTH = {b"N": 1, b"S": -1}
_EAST = {b"E": 1, b"W": -1}
_CENTURY_FROM = 80
"""Years below it are of this century: GPS began in 1980."""


def field_reader(point: SerialPoint, place: Place) -> ReadField:
    """How a point is read out of a sentence; raises Spoiled."""
    if place.kind in ("position", "signed") and point.type == "float":
        return _signed(point, place)
    if place.kind in ("time", "date") and point.type == "string" and not point.enum:
        return _spelled(place.number, _time if place.kind == "time" else _date)
    return _plain(point, place.number)


def no_value(_fields: Fields) -> Value:
    """The sentence says that it measures nothing."""
    raise Spoiled(Bad(BadReason.INVALID))


def _text(fields: Fields, number: int) -> bytes:
    """Raises Spoiled where the field is empty or, as in sentences of an older edition, not there."""
    text = fields[number] if number < len(fields) else b""
    if not text:
        raise Spoiled(Bad(BadReason.INVALID))
    return text


def _plain(point: SerialPoint, number: int) -> ReadField:
    read = text_reader(point, "latin-1")
    return lambda fields: read(_text(fields, number))


def _signed(point: SerialPoint, place: Place) -> ReadField:
    meaning = number_reader(point)
    number, signs = place.number, _NORTH if place.name == "lat" else _EAST
    is_position, most = place.kind == "position", MAX_LATITUDE if place.name == "lat" else MAX_LONGITUDE
    parse = _degrees if is_position else _angle

    def read(fields: Fields) -> Value:
        sign = signs.get(_text(fields, number + 1))
        value = parse(_text(fields, number))
        if sign is None or (is_position and value > most):
            raise undecodable()
        return sign * value if meaning is None else meaning(sign * value)

    return read


def _degrees(text: bytes) -> float:
    match = _POSITION.fullmatch(text)
    if match is None:
        raise undecodable()
    degrees, minutes = int(match[1]), float(match[2])
    if minutes >= 60:
        raise undecodable()
    return round(degrees + minutes / 60, DEGREE_DECIMALS)


def _angle(text: bytes) -> float:
    if _ANGLE.fullmatch(text) is None:
        raise undecodable()
    return float(text)


def _spelled(number: int, spell: Callable[[bytes], str]) -> ReadField:
    return lambda fields: spell(_text(fields, number))


def _time(text: bytes) -> str:
    """As ISO 8601 has it."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise undecodable()
    hours, minutes, seconds, fraction = (part.decode() for part in match.groups())
    return f"{hours}:{minutes}:{seconds}{fraction}"


def _date(text: bytes) -> str:
    """As ISO 8601 has it."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise undecodable()
    day, month, year = (part.decode() for part in match.groups())
    return f"{19 if int(year) >= _CENTURY_FROM else 20}{year}-{month}-{day}"
