"""From raw numbers to values. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache

from gateway.model import Bad, BadReason, Value
from gateway.values.float32 import Shortest
from gateway.values.quantity import SCALARS, Quantity, Raw, decimals_of, exact

FLOAT_NOISE_DIGITS = 15
"""So many decimal digits survive a double (C11 5.2.4.2.2, DBL_DIG): what is beyond them is noise of the arithmetic."""

Decode = Callable[[Raw], Value]
"""Raw to value; raises Spoiled."""


class Spoiled(Exception):
    """A raw value that is no good value; `bad` says why."""

    def __init__(self, bad: Bad) -> None:
        super().__init__(bad.reason)
        self.bad = bad


def decoder(quantity: Quantity) -> Decode | None:
    """How to decode a quantity; None where the raw value is the value. Equal numbers share one decoder."""
    if quantity.labels:
        return _label_decoder(dict(quantity.labels))
    return bool if quantity.type == "bool" else _number_decoder(quantity)


def decode_one(quantity: Quantity, data: bytes) -> Value:
    """The value of bytes as `encode` gives them. Raises Spoiled."""
    (raw,) = struct.unpack(f">{SCALARS[quantity.type].code}", data)
    decode = decoder(quantity)
    value: Value = decode(raw) if decode else raw
    return value


@lru_cache(maxsize=1024)
def _number_decoder(quantity: Quantity) -> Decode | None:
    decode = _float_decoder(quantity) if SCALARS[quantity.type].is_float else _integer_decoder(quantity)
    if quantity.low is None and quantity.high is None:
        return decode
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    return _within(decode or _same, low, high)


def _invalid() -> Spoiled:
    return Spoiled(Bad(BadReason.INVALID))


def _same(raw: Raw) -> Value:
    return raw


def _label_decoder(labels: Mapping[int, Value]) -> Decode:
    def label(raw: Raw) -> Value:
        try:
            return labels[raw]  # type: ignore[index]  # only integers have labels
        except KeyError:
            raise Spoiled(Bad(BadReason.INVALID, value=raw)) from None

    return label


def _within(decode: Decode, low: float, high: float) -> Decode:
    def within(raw: Raw) -> Value:
        value = decode(raw)
        if low <= value <= high:  # type: ignore[operator]  # only numbers have a range
            return value
        raise Spoiled(Bad(BadReason.OUT_OF_RANGE, value=value))

    return within


def _integer_decoder(quantity: Quantity) -> Decode | None:
    """In whole numbers and one division, which Python rounds correctly: 217 x 0.1 is 217 / 10, that is 21.7."""
    if quantity.scale == 1 and quantity.offset == 0:
        return None
    scale, offset = exact(quantity.scale), exact(quantity.offset)
    unit = math.lcm(scale.denominator, offset.denominator)
    factor, shift = int(scale * unit), int(offset * unit)
    places = quantity.places
    if unit == 1:
        return lambda raw: raw * factor + shift
    if places == 0:
        return lambda raw: (raw * factor + shift + unit // 2) // unit
    if places < max(decimals_of(quantity.scale), decimals_of(quantity.offset)):
        return lambda raw: round((raw * factor + shift) / unit, places)
    return lambda raw: (raw * factor + shift) / unit


_shortest = Shortest().__getitem__


def _float32(raw: Raw) -> float:
    try:
        return _shortest(raw)  # type: ignore[arg-type]  # float32 comes as a word
    except OverflowError:
        raise _invalid() from None


def _float64(raw: Raw) -> float:
    if math.isfinite(raw):
        return raw
    raise _invalid()


def _float_decoder(quantity: Quantity) -> Decode:
    finite = _float32 if quantity.type == "float32" else _float64
    scale, offset, decimals = quantity.scale, quantity.offset, quantity.decimals
    if scale == 1 and offset == 0:
        return finite if decimals is None else lambda raw: round(finite(raw), decimals)

    def scaled(raw: Raw) -> Value:
        value = finite(raw) * scale + offset
        if not math.isfinite(value):
            raise _invalid()
        return round(value, decimals) if decimals is not None else float(f"{value:.{FLOAT_NOISE_DIGITS}g}")

    return scaled
