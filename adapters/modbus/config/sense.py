"""Why a point of the configuration can't work, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from adapters.modbus.config.tables import BIT_TABLES, MAX_WRITE_REGISTERS, WRITABLE_TABLES
from gateway.adapter import value_complaints
from gateway.values import SCALARS

if TYPE_CHECKING:
    from adapters.modbus.config.point import ModbusPoint

BYTE_TYPES = frozenset({"int8", "uint8"})


def complaints(point: ModbusPoint) -> Iterator[str]:
    """A sentence for each thing that makes no sense, what matters most first."""
    yield from _of_table(point)
    yield from _of_size(point)
    yield from value_complaints(point)
    yield from _of_factor(point)


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


def _of_factor(point: ModbusPoint) -> Iterator[str]:
    if point.scale_from is None:
        return
    if point.type == "bool" or point.enum:
        what = "an enum maps raw values to labels" if point.enum else "a bool is true or false"
        yield f"{what}; scale_from has no meaning here"
    if point.address <= point.scale_from < point.address + point.width:
        yield "scale_from is one of the point's own registers: give the one that holds the power of ten"
