"""What numbers mean: scale, range and labels. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from functools import lru_cache

from gateway.model import BadReason, Value
from gateway.values.quantity import Quantity, Raw, decimals_of, exact
from gateway.values.reading import Decode, numbers, spoiled

FLOAT_NOISE_DIGITS = 15
"""So many decimal digits survive a double (C11 5.2.4.2.2, DBL_DIG): what is beyond them is noise of the arithmetic."""


def decoder(quantity: Quantity) -> Decode | None:
    """How to decode a quantity; None where the raw value is the value. Equal numbers share one decoder."""
    if quantity.labels:
        return _chain(numbers(quantity), _label_decoder(dict(quantity.labels)))
    return _number_decoder(quantity)


def decode_one(quantity: Quantity, data: bytes) -> Value:
    """The value of bytes as `encode` gives them. Raises Spoiled."""
    (raw,) = struct.unpack(f">{quantity.scalar.code}", data)
    decode = decoder(quantity)
    value: Value = decode(raw) if decode else raw
    return value


@lru_cache(maxsize=1024)
def _number_decoder(quantity: Quantity) -> Decode | None:
    return _limited(quantity, _scaled(quantity, numbers(quantity)))


@lru_cache(maxsize=1024)
def meaning(quantity: Quantity) -> Decode | None:
    """The second half of decoding, from what `numbers` gives to values; for quantities without labels."""
    return _limited(quantity, _scaled(quantity, None))


def _scaled(quantity: Quantity, read: Decode | None) -> Decode | None:
    if quantity.type == "bool" or quantity.scalar.is_text:
        return read
    is_float = quantity.scalar.is_float
    decode = _scaled_float(quantity, read) if is_float else _chain(read, _scaled_integer(quantity))
    return _chain(decode, _as_float) if quantity.varies else decode


def _limited(quantity: Quantity, decode: Decode | None) -> Decode | None:
    if quantity.low is None and quantity.high is None:
        return decode
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    return _within(decode or _same, low, high)


def _chain(first: Decode | None, second: Decode | None) -> Decode | None:
    if first is None or second is None:
        return first or second
    return lambda raw: second(first(raw))


def _same(number: Raw) -> Value:
    value: Value = number
    return value


def _as_float(number: Raw) -> Value:
    return float(number)


def _label_decoder(labels: Mapping[int, Value]) -> Decode:
    def label(number: Raw) -> Value:
        try:
            return labels[number]
        except KeyError:
            raise spoiled(BadReason.INVALID, number) from None

    return label


def _within(decode: Decode, low: float, high: float) -> Decode:
    def within(number: Raw) -> Value:
        value = decode(number)
        if low <= value <= high:  # type: ignore[operator]  # only numbers have a range
            return value
        raise spoiled(BadReason.OUT_OF_RANGE, value)

    return within


def _scaled_integer(quantity: Quantity) -> Decode | None:
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


def _scaled_float(quantity: Quantity, read: Decode | None) -> Decode | None:
    scale, offset, decimals = quantity.scale, quantity.offset, quantity.decimals
    finite = read or _same
    if scale == 1 and offset == 0:
        return read if decimals is None else lambda raw: round(finite(raw), decimals)  # type: ignore[arg-type]  # a number

    def scaled(raw: Raw) -> Value:
        value: float = finite(raw) * scale + offset  # type: ignore[operator]  # a number
        if not math.isfinite(value):
            raise spoiled(BadReason.INVALID)
        return round(value, decimals) if decimals is not None else float(f"{value:.{FLOAT_NOISE_DIGITS}g}")

    return scaled
