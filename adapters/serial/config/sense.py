"""Why a point of the configuration can't work, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.adapter import of_scale, value_complaints
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
    yield from _of_labels(point)


def _of_labels(point: SerialPoint) -> Iterator[str]:
    if point.enum is None:
        return
    if not point.enum:
        yield "an enum needs at least one label"
    if point.type == "float":
        yield "an enum maps what is there to labels, and no two floats are alike: make it an int or a string"


def _of_bytes(point: SerialPoint) -> Iterator[str]:
    is_text = SCALARS[point.type].is_text
    for key in FOR_CHARACTERS:
        if key in point.model_fields_set:
            yield f"{key} is for characters, not for a place in a binary frame: leave it out"
    if is_text and point.length is None:
        yield f"a point of type {point.type} needs length: the bytes it takes"
    if not is_text and point.length is not None and point.type != "bool":
        yield f"length is for string and bytes; {point.type} has its own size: leave length out"
    if "encoding" in point.model_fields_set and point.type != "string":
        yield f"encoding is for strings, and this is {point.type}: leave encoding out"
    if is_text:
        yield from _of_text(point)
        return
    texts = [each for each in (*(point.enum or ()), *point.invalid) if isinstance(each, str)]
    if texts:
        yield f"bytes are numbers, so {texts[0]!r} never stands there: write its number, like 0x41, or make it a string"
    else:
        yield from value_complaints(point)


def _of_text(point: SerialPoint) -> Iterator[str]:
    for key in ("scale", "offset", "decimals", "range", "bits"):
        if key in point.model_fields_set:
            yield f"{key} is for numbers, and {point.type} is text: leave {key} out, or use a type that is a number"
    numbers = [each for each in (*(point.enum or ()), *point.invalid) if not isinstance(each, str)]
    if numbers:
        yield f'{point.type} is text, so the number {numbers[0]} never stands there: put it in quotes, "{numbers[0]}"'
    yield from _of_labels(point)
