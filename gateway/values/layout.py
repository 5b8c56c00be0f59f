"""Where values stand in bytes, resolved once for each length of what arrives. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from gateway.model import Bad, BadReason, Value
from gateway.values.decoding import decoder
from gateway.values.parts import Read, Reading, reading
from gateway.values.quantity import Order, Quantity, Raw, arrange
from gateway.values.reading import Spoiled

MAX_LAYOUTS = 64
"""Lengths whose layout is kept; a device has few, noise that passes for it would have all."""

ENDIANS: Mapping[Order, str] = {"ABCD": ">", "DCBA": "<"}
"""Orders that struct reads as they are."""
OF_TWO: Mapping[Order, Order] = {"ABCD": "ABCD", "CDAB": "ABCD", "BADC": "DCBA", "DCBA": "DCBA"}
"""Of two bytes two orders look alike."""


class Placed(Protocol):
    """A point that stands at a place in bytes."""

    @property
    def at(self) -> int | None:
        """Its first byte, from 0, or from the end below 0; None: the beginning."""

    @property
    def order(self) -> Order:
        """Of its bytes."""

    @property
    def quantity(self) -> Quantity:
        """What its raw number means."""

    @property
    def enum(self) -> Mapping[Any, Value] | None:
        """Labels, also of texts."""

    @property
    def invalid(self) -> Sequence[Any]:
        """What means that there is no value, also texts."""


class Field(NamedTuple):
    """Where a point stands, from the start or, below 0, from its end."""

    at: int
    size: int
    code: str
    order: Order
    read: Read


class Layouts:
    """Points of one kind of bytes, by name; where the bytes are too few for one, that is a decode error."""

    def __init__(self, points: Mapping[str, Placed]) -> None:
        self._names = tuple(points)
        self._fields = [field_of(point) for point in points.values()]
        self._layouts: dict[int, _Layout] = {}

    def read(self, data: bytes) -> Reading:
        """Their values, in their order."""
        layout = self._layouts.get(len(data)) or self._layout(len(data))
        return reading(self._names, layout.reads, layout.parts(data))

    def _layout(self, length: int) -> _Layout:
        layout = _Layout(self._fields, length)
        if len(self._layouts) < MAX_LAYOUTS:
            self._layouts[length] = layout
        return layout


def field_of(point: Placed) -> Field:
    """How a point is read from its place, which it has."""
    scalar = point.quantity.scalar
    order = OF_TWO[point.order] if scalar.size == 2 and not scalar.is_text else point.order
    if scalar.size == 1:
        order = "ABCD"
    return Field(point.at or 0, scalar.size, scalar.code, order, _reader(point))


def _reader(point: Placed) -> Read:
    """From the raw number or bytes to a value."""
    read: Read = decoder(point.quantity) or _same
    texts = {key: label for key, label in (point.enum or {}).items() if isinstance(key, str)}
    invalid = frozenset(each for each in point.invalid if isinstance(each, str))
    if not texts and not invalid:
        return read

    def known(raw: Raw) -> Value:
        text = read(raw)
        if text in invalid:
            raise Spoiled(Bad(BadReason.INVALID))
        if not texts:
            return text
        if text not in texts:
            raise Spoiled(Bad(BadReason.INVALID, value=text))
        return texts[str(text)]

    return known


def _same(raw: Raw) -> Value:
    value: Value = raw
    return value


def _too_short(_raw: Raw) -> Value:
    raise Spoiled(Bad(BadReason.DECODE_ERROR))


class _Slot(NamedTuple):
    """Where a raw number begins in a frame of one length, and where it ends."""

    at: int
    end: int
    code: str


class _Layout:
    """How bytes of one length are read: `parts` are raw numbers in the order of the points, `reads` what they mean.

    Where nothing overlaps, one byte order is everywhere and all of it is there, it is one call of struct.
    """

    def __init__(self, fields: Sequence[Field], length: int) -> None:
        slots = [_slot(field, length) for field in fields]
        fits = [slot.at >= 0 and slot.end <= length for slot in slots]
        self.reads: list[Read] = [field.read if fit else _too_short for field, fit in zip(fields, fits, strict=True)]
        one = _in_one(fields, slots) if all(fits) else None
        self.parts: Callable[[bytes], Sequence[Raw]] = one or _each(fields, slots, fits)


def _slot(field: Field, length: int) -> _Slot:
    at = field.at if field.at >= 0 else length + field.at
    return _Slot(at, at + field.size, field.code)


def _in_one(fields: Sequence[Field], slots: Sequence[_Slot]) -> Callable[[bytes], Sequence[Raw]] | None:
    """Points that share a slot, as bits do, share its number; None if struct can't do it at once."""
    endians = {field.order for field in fields if field.size > 1 and not field.code.endswith("s")} or {"ABCD"}
    ordered = sorted(set(slots))
    apart = all(before.end <= after.at for before, after in pairwise(ordered))
    if not fields or not apart or len(endians) > 1 or not all(_as_is(field) for field in fields):
        return None
    ends = [0, *(slot.end for slot in ordered)]
    codes = (f"{slot.at - end}x{slot.code}" for slot, end in zip(ordered, ends, strict=False))
    unpack = struct.Struct(ENDIANS[endians.pop()] + "".join(codes)).unpack_from
    places = [ordered.index(slot) for slot in slots]
    if places == list(range(len(ordered))):
        return unpack
    pick = itemgetter(*places) if len(places) > 1 else lambda row: (row[0],)
    return lambda data: pick(unpack(data))


def _as_is(field: Field) -> bool:
    """Whether struct puts its bytes in order by itself."""
    return field.order == "ABCD" or (field.order in ENDIANS and not field.code.endswith("s"))


def _each(fields: Sequence[Field], slots: Sequence[_Slot], fits: Sequence[bool]) -> Callable[[bytes], Sequence[Raw]]:
    """One by one, None for what the frame is too short for."""
    singles = [_single(field, slot) if fit else _none for field, slot, fit in zip(fields, slots, fits, strict=True)]
    return lambda data: [single(data) for single in singles]


def _none(_data: bytes) -> Raw:
    return None


def _single(field: Field, slot: _Slot) -> Callable[[bytes], Raw]:
    form = struct.Struct(ENDIANS.get(field.order, ">") + field.code)
    if _as_is(field):
        return lambda data: form.unpack_from(data, slot.at)[0]
    return lambda data: form.unpack(arrange(data[slot.at : slot.end], field.order))[0]
