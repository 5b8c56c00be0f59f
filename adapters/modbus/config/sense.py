"""Why a point of the configuration can't work, and what to do about it. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from adapters.modbus.config.tables import BIT_TABLES, MAX_WRITE_REGISTERS, WRITABLE_TABLES
from gateway.values import FLOATS, SCALARS, Quantity

if TYPE_CHECKING:
    from adapters.modbus.config.point import ModbusPoint

MOST = 1e30
LEAST = 1e-30
"""Of a scale: with any power of ten and whole number the value is still one that a double holds."""

BYTE_TYPES = frozenset({"int8", "uint8"})


def complaints(point: ModbusPoint) -> Iterator[str]:
    """A sentence for each thing that makes no sense, what matters most first."""
    yield from _of_table(point)
    yield from _of_size(point)
    if SCALARS[point.type].is_text:
        yield from _of_text(point)
    else:
        yield from _of_bits(point)
        yield from _of_scale(point)
        yield from _of_enum(point)
        yield from _of_invalid(point)


def _of_table(point: ModbusPoint) -> Iterator[str]:
    if point.table in BIT_TABLES:
        if point.type != "bool":
            yield f"a {point.table} holds one bit, so its type is bool, not {point.type}"
        for key in ("bits", "byte", "length", "invalid", "scale_from"):
            if key in point.model_fields_set:
                yield f"a {point.table} holds one bit, so {key} has no meaning here: leave it out"
    if point.writable is not False and point.table not in WRITABLE_TABLES:
        yield f"nothing can be written to the {point.table} table; only coil and holding are writable"
    if point.verify and point.writable is False:
        yield "verify reads a written value back, but this point is not writable"


def _of_size(point: ModbusPoint) -> Iterator[str]:
    is_text = SCALARS[point.type].is_text
    if is_text and point.length is None:
        yield f"a point of type {point.type} needs length: the registers it takes, two bytes in each"
    if not is_text and point.length is not None:
        yield f"length is for string and bytes; {point.type} has its own size: leave length out"
    if is_text and point.writable is not False and (point.length or 0) > MAX_WRITE_REGISTERS:
        yield f"one request writes at most {MAX_WRITE_REGISTERS} registers: shorten length, or leave writable out"
    if "encoding" in point.model_fields_set and point.type != "string":
        yield f"encoding is for strings, and this is {point.type}: leave encoding out"
    if "byte" in point.model_fields_set and point.type not in BYTE_TYPES:
        yield f"byte says which half of a register is meant; {point.type} is both: use uint8, or leave byte out"


def _of_text(point: ModbusPoint) -> Iterator[str]:
    for key in ("scale", "offset", "decimals", "range", "bits", "invalid", "scale_from", "enum"):
        if key in point.model_fields_set and getattr(point, key) is not None:
            yield f"{key} is for numbers, and {point.type} is text: leave {key} out, or use a type that is a number"


def _of_bits(point: ModbusPoint) -> Iterator[str]:
    if point.bits is None:
        return
    low, high = point.bits
    if point.type in FLOATS:
        yield f"bits are cut out of whole numbers, and {point.type} is none: use a type like uint32"
        return
    count = 8 * point.quantity.scalar.size
    if high >= count:
        yield f"bit {high} is beyond {point.type}, whose bits are 0..{count - 1}: use a longer type, or another bit"
    if point.type == "bool" and low < high:
        yield f"a bool is one bit, like bits: {low}; for several use uint16"


def _of_scale(point: ModbusPoint) -> Iterator[str]:
    plain = point.scale == 1 and point.offset == 0 and point.decimals is None and point.range is None
    if point.scale == 0:
        yield "scale can't be 0: every value would be the offset"
    elif not LEAST <= abs(point.scale) <= MOST or not abs(point.offset) <= MOST:
        yield f"scale must be {LEAST:g} to {MOST:g}, offset at most {MOST:g}, either may be negative"
    if (point.type == "bool" or point.enum) and not (plain and point.scale_from is None):
        what = "an enum maps raw values to labels" if point.enum else "a bool is true or false"
        yield f"{what}; scale, scale_from, offset, decimals and range have no meaning here"
    if point.scale_from is not None and point.address <= point.scale_from < point.address + point.width:
        yield "scale_from is one of the point's own registers: give the one that holds the power of ten"


def _of_enum(point: ModbusPoint) -> Iterator[str]:
    if point.enum is None:
        return
    if point.type in FLOATS:
        yield f"an enum needs whole raw values, but {point.type} is not a whole number"
        return
    if not point.enum:
        yield "an enum needs at least one label"
    low, high = point.quantity.numbers
    for code in point.enum:
        if not low <= code <= high:
            yield f"the enum's code {code} can't occur: {_of_what(point.quantity)} {low} to {high}"
        elif point.bits is None and code in point.invalid:
            yield f"the enum's code {code} is also in invalid, so that its label never shows: take it out of one"


def _of_what(quantity: Quantity) -> str:
    return f"{quantity.type} is" if quantity.bits is None else f"bits {quantity.bits[0]}..{quantity.bits[1]} are"


def _of_invalid(point: ModbusPoint) -> Iterator[str]:
    for number in point.invalid:
        if not _is_finite(number):
            yield "a number that is not finite is invalid anyway: take it out of invalid"
        elif point.type in FLOATS:
            if not _fits_float(point.type, number):
                yield f"the invalid value {number} can't occur: it is too large for {point.type}"
        else:
            yield from _of_invalid_whole(point, number)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond all doubles
        return True


def _of_invalid_whole(point: ModbusPoint, number: float) -> Iterator[str]:
    low, high = point.quantity.wire_numbers
    if number != int(number):
        yield f"the invalid value {number:g} can't occur: raw values of {point.type} are whole; give it before scale"
    elif not low <= number <= high:
        as_signed = int(number) - 2 ** (8 * point.quantity.scalar.size)
        hint = f"; did you mean {as_signed}?" if low <= as_signed < 0 else ""
        yield f"the invalid value {int(number)} can't occur: raw values of {point.type} are {low} to {high}{hint}"


def _fits_float(kind: str, number: float) -> bool:
    try:
        struct.pack(f">{FLOATS[kind]}", float(number))
    except OverflowError:
        return False
    return True
