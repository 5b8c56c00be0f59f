"""A point's value in characters: everything that might stand for it, the most likely first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from adapters.serial.config import SerialPoint
from adapters.serial.patterns import Encoding
from adapters.serial.simulator.forge.numerals import styles
from gateway.model import Value
from gateway.values import Unwritable
from gateway.values.quantity import exact

YES, NO = ("1", "true", "on", "ON", "Y"), ("0", "false", "off", "OFF", "N")
"""How devices say it."""
HALF_STEP = 0.5000001
"""Of the last decimal: with a little for the arithmetic."""


class Written(NamedTuple):
    """Characters, and how far what is read from them may be from the value."""

    text: str
    tolerance: float = 0.0


def octets(text: str, encoding: Encoding) -> bytes:
    """Of a text that fits a pattern, which has a character for each byte unless it is UTF-8."""
    return text.encode("utf-8" if encoding == "utf-8" else "latin-1")


def texts(point: SerialPoint, value: Value, like: str) -> Iterator[Written]:
    """What may stand there, `like` what stands there now. Raises Unwritable for what is no value of such a point."""
    if point.enum:
        yield from _labelled(point, value, like)
    elif point.type == "string":
        yield from _plain(value, like)
    elif point.type == "bool" and point.bits is None:
        yield from _said(value)
    else:
        yield from _numbers(point, value, like)


def _labelled(point: SerialPoint, value: Value, like: str) -> Iterator[Written]:
    for said, label in (point.enum or {}).items():
        if label == value and type(label) is type(value):
            if isinstance(said, str):
                yield from _plain(said, like)
            else:
                number = _among_bits(point, said, like)
                yield from (Written(style.text(number, point.decimal, point.base)) for style in styles(number, like))
            return
    known = ", ".join(map(str, (point.enum or {}).values()))
    raise Unwritable("out-of-range", f"{value!r} is none of: {known}")


def _plain(value: Value, like: str) -> Iterator[Written]:
    """As it is, or filled up to the width that there is."""
    if not isinstance(value, str):
        raise Unwritable("malformed", f"{value!r} is not text: put it in quotes")
    yield Written(value)
    if len(value) < len(like):
        yield Written(value.ljust(len(like)))
        yield Written(value.rjust(len(like)))


def _said(value: Value) -> Iterator[Written]:
    if not isinstance(value, bool):
        raise Unwritable("malformed", f"{value!r} is neither true nor false")
    yield from map(Written, YES if value else NO)


def _numbers(point: SerialPoint, value: Value, like: str) -> Iterator[Written]:
    if isinstance(value, str) or isinstance(value, bool) != (point.type == "bool"):
        raise Unwritable("malformed", f"{value!r} is not a number")
    number = (exact(+value) - exact(point.offset)) / exact(point.scale)
    if point.type != "float":
        number = _among_bits(point, round(number), like)
    shown = 10.0**-point.decimals if point.decimals is not None else 0.0
    for style in styles(number, like):
        step = style.step(number) if point.type == "float" else 1.0
        text = style.text(number, point.decimal, point.base)
        tolerance = max(step * abs(point.scale), shown) * HALF_STEP
        yield Written(text, tolerance)
        if text.lower() != text:
            yield Written(text.lower(), tolerance)


def _among_bits(point: SerialPoint, number: int, like: str) -> Fraction:
    """A number in its bits, where it is one of several that share a number; the others as they are."""
    if point.bits is None:
        return Fraction(number)
    low, high = point.bits
    mask = 2 ** (high + 1) - 2**low
    try:
        held = int(like, point.base)
    except ValueError:
        held = 0
    return Fraction(held & ~mask | number << low & mask)
