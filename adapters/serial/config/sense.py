"""Why a point of the configuration can't work, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.adapter import complaints_of_bytes, complaints_of_labels, of_scale
from gateway.values import SCALARS

if TYPE_CHECKING:
    from adapters.serial.config.point import SerialPoint

IN_CHARACTERS = frozenset({"float", "int", "bool", "string"})
"""Types of what is written in characters; all others are bytes of a binary frame, and bool and string may be either."""

FOR_BYTES = ("length", "order", "encoding")
FOR_CHARACTERS = ("base", "decimal")
"""What has a meaning only for one of both."""


def complaints(point: SerialPoint) -> Iterator[str]:
    """A sentence for each thing that makes no sense, what matters most first."""
    yield from _of_place(point)
    yield from _of_writing(point)
    if point.at is None:
        yield from _of_characters(point)
    elif point.type not in {"float", "int"}:
        yield from _of_bytes(point)


def _of_place(point: SerialPoint) -> Iterator[str]:
    if point.at is not None and point.from_ is not None:
        yield "it stands `at` a place of a binary frame, or is `from` what has a name, not both"
    if point.at is not None and point.type in {"float", "int"}:
        yield f"{point.type} is for characters: `at` a place of a binary frame it has a size, as in float32 or int16"
    if point.at is None and point.type not in IN_CHARACTERS:
        yield f"{point.type} needs `at`, its first byte in a binary frame; in characters it is float, int or string"


def _of_writing(point: SerialPoint) -> Iterator[str]:
    if point.writable is not False and point.write is None:
        yield 'writable needs write: how it is sent, as in write: {send: "SP {value}\\r\\n"}'
    if point.writable is False and point.write is not None:
        yield "write says how it is sent, but nothing may: add writable: true, or its limits, as in {min: 0, max: 50}"
    if point.verify and point.writable is False:
        yield "verify reads a written value back, but this point is not writable"


def _of_characters(point: SerialPoint) -> Iterator[str]:
    for key in FOR_BYTES:
        if key in point.model_fields_set:
            yield f"{key} is for binary frames, where a point stands `at` a place: leave it out"
    if "base" in point.model_fields_set and point.type != "int" and point.bits is None and not point.enum:
        yield f"base is for int, and this is {point.type}: leave base out"
    if point.bits is not None and point.type not in {"int", "bool"}:
        yield f"bits are cut out of whole numbers, and this is a {point.type}: make it an int or a bool"
    if point.bits is not None and point.type == "bool" and point.bits[0] < point.bits[1]:
        yield f"a bool is one bit, like bits: {point.bits[0]}; for several make it an int"
    if "decimal" in point.model_fields_set and point.type != "float":
        yield f"decimal is for float, and this is {point.type}: leave decimal out"
    if point.type == "string":
        for key in ("scale", "offset", "decimals", "range"):
            if key in point.model_fields_set:
                yield f"{key} is for numbers, and this is a string: leave {key} out, or make it a float or int"
    else:
        yield from of_scale(point)
    yield from complaints_of_labels(point)


def _of_bytes(point: SerialPoint) -> Iterator[str]:
    is_text = SCALARS[point.type].is_text
    for key in FOR_CHARACTERS:
        if key in point.model_fields_set:
            yield f"{key} is for characters, not for a place in a binary frame: leave it out"
    if is_text and point.length is None:
        yield f"a point of type {point.type} needs length: the bytes it takes"
    yield from complaints_of_bytes(point)
