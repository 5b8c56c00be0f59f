"""From values to bytes. Pure."""

from __future__ import annotations

import math
import struct
from typing import Literal

from gateway.model import Value
from gateway.values.quantity import BCD, FLOATS, Quantity, exact
from gateway.values.texts import write_hex, write_text

SHOWN = 40
"""Characters of a refused value that are repeated: it may be a number of thousands of digits."""


class Unwritable(Exception):
    """A value that a point can't hold; `reason` is a command's, the text a sentence for people."""

    def __init__(self, reason: Literal["out-of-range", "malformed"], detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def encode(quantity: Quantity, value: Value) -> bytes:
    """The most significant byte first; rounds to the nearest raw value. Bits that are not the quantity's are 0.

    Raises Unwritable.
    """
    scalar = quantity.scalar
    if scalar.is_text:
        return _text_bytes(quantity, value)
    if scalar.is_float:
        return _float_bytes(quantity, _number(quantity, value))
    raw = _raw_of(quantity, _whole(quantity, value))
    return struct.pack(f">{scalar.code}", raw)


def mask(quantity: Quantity) -> int:
    """Which bits of the raw number are the quantity's."""
    if quantity.bits is None:
        return int(2 ** (8 * quantity.scalar.size) - 1)
    low, high = quantity.bits
    return int(2 ** (high + 1) - 2**low)


def _whole(quantity: Quantity, value: Value) -> int:
    """The number that stands for a value."""
    if quantity.labels:
        return _code_of(quantity, value)
    if quantity.type == "bool":
        if value not in (0, 1) or isinstance(value, float):
            raise Unwritable("malformed", f"{_shown(value)} is neither true nor false")
        return int(value)
    number = round((exact(_number(quantity, value)) - exact(quantity.offset)) / exact(quantity.scale))
    low, high = quantity.numbers
    if not low <= number <= high:
        raise Unwritable("out-of-range", f"{_shown(value)} does not fit {_name(quantity)}")
    return number


def _raw_of(quantity: Quantity, number: int) -> int:
    """A number among the bits that it shares."""
    field = int(str(number), 16) if quantity.type in BCD else number
    if quantity.bits is not None:
        raw = field << quantity.bits[0]
        sign = 1 << (8 * quantity.scalar.size - 1)
        return raw - 2 * sign if raw & sign and quantity.scalar.low < 0 else raw
    if field in quantity.invalid:
        raise Unwritable("out-of-range", f'it would be written as {field}, which stands for "no value" here')
    return field


def _name(quantity: Quantity) -> str:
    if quantity.bits is None:
        return quantity.type
    low, high = quantity.bits
    return f"bits {low}..{high}"


def _text_bytes(quantity: Quantity, value: Value) -> bytes:
    if not isinstance(value, str):
        raise Unwritable("malformed", f"{_shown(value)} is not text: put it in quotes")
    try:
        if quantity.type == "bytes":
            return write_hex(value, quantity.size)
        return write_text(value, quantity.encoding, quantity.size)
    except ValueError as error:
        raise Unwritable("malformed", f"{_shown(value)} can't be written: {error}") from None


def _code_of(quantity: Quantity, value: Value) -> int:
    for code, label in quantity.labels:
        if label == value and type(label) is type(value):
            return code
    known = ", ".join(str(label) for _, label in quantity.labels)
    raise Unwritable("out-of-range", f"{_shown(value)} is none of: {known}")


def _shown(value: Value) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer beyond sys.get_int_max_str_digits()
        return "this number"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _is_double(value: float) -> bool:
    """Whether it is finite and, an integer, no larger than any floating-point number."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _number(quantity: Quantity, value: Value) -> float:
    """The value itself, if it is a number within the range."""
    if isinstance(value, bool | str):
        raise Unwritable("malformed", f"{_shown(value)} is not a number")
    if not _is_double(value):
        raise Unwritable("out-of-range", f"{_shown(value)} is not a finite number, or too large a one")
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    if not low <= value <= high:
        raise Unwritable("out-of-range", f"{_shown(value)} is outside {low:g} to {high:g}")
    return value


def _float_bytes(quantity: Quantity, value: float) -> bytes:
    raw = (value - quantity.offset) / quantity.scale
    try:
        data = struct.pack(f">{FLOATS[quantity.type]}", raw)
    except OverflowError:
        data = b""
    if not data or not math.isfinite(raw):
        raise Unwritable("out-of-range", f"{_shown(value)} does not fit {quantity.type}")
    if data in {struct.pack(f">{FLOATS[quantity.type]}", number) for number in quantity.invalid}:
        raise Unwritable("out-of-range", f'{_shown(value)} stands for "no value" here')
    return data
