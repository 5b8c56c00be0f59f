"""What a point has in the configuration that stands at a place in bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from gateway.adapter.sense import value_complaints
from gateway.adapter.valued import ValuePoint
from gateway.model import Kind, Value
from gateway.values import SCALARS, Order, Quantity

DECODED = {"float": "float64", "int": "int64"}
"""Types of numbers that somebody has made of what was on the wire, and how they are kept."""


class PlacedPoint(ValuePoint):
    """A value by its place in bytes, or one that comes under a name from who has decoded it: a `float` or an `int`."""

    at: int | None = Field(None, description="its first byte in a binary frame, from 0, or from the end below 0")
    length: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, description="of a string or bytes: how many bytes"
    )
    order: Order = Field("ABCD", description="byte order: ABCD most significant first, DCBA least, CDAB, BADC")
    enum: dict[int | str, Value] | None = Field(  # type: ignore[assignment]  # texts, too
        None, description="what is there: what it means; anything else is bad, invalid"
    )
    invalid: list[int | float | str] = Field([], description='what is there when there is no value: "-----", 0x7FFF')

    @property
    def is_binary(self) -> bool:
        """Whether it stands at a place in bytes."""
        return self.at is not None

    @property
    def quantity(self) -> Quantity:
        """What its raw number means; `float` and `int` are float64 and int64 once they are read."""
        low, high = self.range or (None, None)
        kind = DECODED.get(self.type, self.type)
        labels = tuple((int(raw), label) for raw, label in (self.enum or {}).items() if not isinstance(raw, str))
        size = self.length or 0 if SCALARS[kind].is_text else 0
        invalid = tuple(each for each in self.invalid if not isinstance(each, str))
        return Quantity(
            kind,
            self.scale,
            self.offset,
            self.decimals,
            low,
            high,
            labels=labels if self.is_binary else (),
            size=size,
            bits=self.bits,
            invalid=invalid if self.is_binary else (),
            encoding=self.encoding,
        )

    @property
    def kind(self) -> Kind:
        """How the value is written in JSON."""
        if self.enum:
            return _KIND_OF[type(next(iter(self.enum.values())))]
        if self.type == "float":
            return "float"
        return self.quantity.kind


def complaints_of_bytes(point: PlacedPoint) -> Iterator[str]:
    """A sentence for each thing that makes no sense for what stands at a place in bytes."""
    is_text = SCALARS[point.type].is_text
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


def complaints_of_labels(point: PlacedPoint) -> Iterator[str]:
    """Likewise for its enum alone, where labels may be of texts."""
    if point.enum is None:
        return
    if not point.enum:
        yield "an enum needs at least one label"
    if point.type == "float":
        yield "an enum maps what is there to labels, and no two floats are alike: make it an int or a string"


def _of_text(point: PlacedPoint) -> Iterator[str]:
    for key in ("scale", "offset", "decimals", "range", "bits"):
        if key in point.model_fields_set:
            yield f"{key} is for numbers, and {point.type} is text: leave {key} out, or use a type that is a number"
    numbers = [each for each in (*(point.enum or ()), *point.invalid) if not isinstance(each, str)]
    if numbers:
        yield f'{point.type} is text, so the number {numbers[0]} never stands there: put it in quotes, "{numbers[0]}"'
    yield from complaints_of_labels(point)


_KIND_OF: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
