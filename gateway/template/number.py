"""A number as a device wants it: in characters or in bytes, and back. Pure."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from gateway.model import Value
from gateway.template.places import Format, Scalar
from gateway.values import Quantity, Spoiled, Unwritable, arrange, decode_one, encode

_NUMERAL = re.compile(r"\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)\s*", re.ASCII)


def number_of(value: Value) -> float:
    """A number, also where it was given as text; raises Unwritable."""
    if isinstance(value, str):
        if not _NUMERAL.fullmatch(value):
            raise Unwritable("malformed", f"{value!r} is no number")
        return float(value) if "." in value else int(value)
    if not math.isfinite(value):
        raise Unwritable("out-of-range", f"{value} is not a finite number")
    return value


def in_characters(how: Format | None, value: Value) -> str:
    """Text as it stands, a number as the format has it, or the shortest decimal; raises Unwritable."""
    if how is None:
        return value if isinstance(value, str) else shortest(value)
    number = number_of(value)
    text = format(number if how.letter == "f" else round(number), str(how))
    if how.letter in "xX" and number < 0:
        raise Unwritable("out-of-range", f"{value} is below zero, and hex digits have no sign")
    if how.zero and len(text) > how.width:
        raise Unwritable("out-of-range", f"{value} does not fit {how.width} characters")
    return text


def shortest(number: float) -> str:
    """The decimal that people write: 1e-07 is 0.0000001, 5.0 is 5, true is 1; raises Unwritable."""
    if isinstance(number, int):
        return str(int(number))
    return f"{Decimal(repr(number_of(number))):f}".removesuffix(".0")


def in_bytes(how: Scalar, value: Value) -> bytes:
    """The nearest number that it holds; raises Unwritable."""
    number = number_of(value)
    return arrange(encode(Quantity(how.type), int(number) if isinstance(number, bool) else number), how.order)


def from_characters(how: Format | None, data: bytes) -> Value:
    """What was said in characters; ValueError if it can't be."""
    text = data.decode("latin-1")
    if how is None:
        return text
    if how.letter in "xX":
        return int(text, 16)
    return float(text) if how.letter == "f" else int(text)


def from_bytes(how: Scalar, data: bytes) -> Value:
    """What was said in bytes; ValueError if that is no number."""
    try:
        return decode_one(Quantity(how.type), arrange(data, how.order))
    except Spoiled:
        raise ValueError(f"{data.hex(' ')} is no {how.type}") from None


def size_of(how: Scalar) -> int:
    """Bytes that it takes."""
    return Quantity(how.type).scalar.size
