"""From values to bytes. Pure."""

from __future__ import annotations

import math
import struct
from typing import Literal

from gateway.model import Value
from gateway.values.quantity import SCALARS, Quantity, exact

SHOWN = 40
"""Characters of a refused value that are repeated: it may be a number of thousands of digits."""


class Unwritable(Exception):
    """A value that a point can't hold; `reason` is a command's, the text a sentence for people."""

    def __init__(self, reason: Literal["out-of-range", "malformed"], detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def encode(quantity: Quantity, value: Value) -> bytes:
    """The most significant byte first; rounds to the nearest raw value. Raises Unwritable."""
    scalar = SCALARS[quantity.type]
    if quantity.labels:
        return struct.pack(f">{scalar.code}", _code_of(quantity, value))
    if quantity.type == "bool":
        if value not in (0, 1) or isinstance(value, float):
            raise Unwritable("malformed", f"{_shown(value)} is neither true nor false")
        return bytes([int(value)])
    if isinstance(value, bool | str):
        raise Unwritable("malformed", f"{_shown(value)} is not a number")
    _check_range(quantity, value)
    return _float_bytes(quantity, value) if scalar.is_float else _integer_bytes(quantity, value)


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


def _check_range(quantity: Quantity, value: float) -> None:
    if not _is_double(value):
        raise Unwritable("out-of-range", f"{_shown(value)} is not a finite number, or too large a one")
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    if not low <= value <= high:
        raise Unwritable("out-of-range", f"{_shown(value)} is outside {low:g} to {high:g}")


def _integer_bytes(quantity: Quantity, value: float) -> bytes:
    scalar = SCALARS[quantity.type]
    raw = round((exact(value) - exact(quantity.offset)) / exact(quantity.scale))
    if not scalar.low <= raw <= scalar.high:
        raise Unwritable("out-of-range", f"{_shown(value)} does not fit {quantity.type}")
    return struct.pack(f">{scalar.code}", raw)


def _float_bytes(quantity: Quantity, value: float) -> bytes:
    raw = (value - quantity.offset) / quantity.scale
    try:
        data = struct.pack(">f" if quantity.type == "float32" else ">d", raw)
    except OverflowError:
        data = b""
    if not data or not math.isfinite(raw):
        raise Unwritable("out-of-range", f"{_shown(value)} does not fit {quantity.type}")
    return data
