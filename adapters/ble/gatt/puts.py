"""What is written into a characteristic or descriptor for the values of points, and what of it stays. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from adapters.ble import sig
from adapters.ble.config import BlePoint
from adapters.ble.gatt.values import Contents, is_open
from gateway.adapter import Rejected, wanted
from gateway.model import Value
from gateway.values import SCALARS, Quantity, Spoiled, Unwritable, arrange, decode_one, encode, mask

HALF_STEP_NOISE = 1e-9
"""Of a step: what decimals lose as doubles does not make a value one that can't be held."""


class Unfitting(Exception):
    """What was found in the characteristic leaves no room for what is to be written; a sentence for people."""


class Put(Protocol):
    """A point's value, ready to be written."""

    @property
    def value(self) -> Value:
        """What it is once it is written."""

    @property
    def step(self) -> float:
        """The distance to the next value that can be written; 0 where nobody knows one."""

    @property
    def needs(self) -> bool:
        """Whether what stands there must be known, as a part of it stays."""

    def into(self, found: bytes | None) -> bytes:
        """All that is written; `found`: what stands there, or was already put there. Raises Unfitting."""


class Placed(NamedTuple):
    """By its place in the bytes; `at` None: it is all there is. `bits`: those of `data` that are the point's."""

    value: Value
    step: float
    at: int | None
    data: bytes
    bits: bytes | None = None
    to_end: bool = False

    @property
    def needs(self) -> bool:
        """Only where it is all there is, the rest need not be known."""
        return self.at is not None or self.bits is not None

    def into(self, found: bytes | None) -> bytes:
        """With everything around it as it was found."""
        if found is None:
            return self.data
        at = self.at or 0
        start = at if at >= 0 else len(found) + at
        end = len(found) if self.to_end else start + len(self.data)
        if start < 0 or start > len(found) or end > len(found):
            size = f"{len(found)} byte{'s' * (len(found) != 1)}"
            raise Unfitting(f"the device has {size} there, and byte {at} and what follows is to be written")
        bits = self.bits or b"\xff" * len(self.data)
        old = found[start:end].ljust(len(self.data), b"\0")
        new = bytes(new & mine | there & ~mine for new, there, mine in zip(self.data, old, bits, strict=False))
        return found[:start] + new + found[end:]


class Standard(NamedTuple):
    """A field of a standard format."""

    value: Value
    step: float
    format: sig.Characteristic
    field: str
    said: Value

    @property
    def needs(self) -> bool:
        """Where there are other fields, these stay."""
        return len(self.format.fields) > 1

    def into(self, found: bytes | None) -> bytes:
        """With the other fields as they were found."""
        try:
            others = self.format.decode(found) if found is not None and self.needs else {}
            return _encoded(self.format, {**others, self.field: self.said})
        except sig.Undecodable as error:
            raise Unfitting(f"what stands there is not of the standard's format: {error}") from None
        except Unwritable as error:
            raise Unfitting(str(error)) from None


def put_of(name: str, point: BlePoint, value: Value) -> Put:
    """A value for a writable point; raises Rejected."""
    if point.writable is False:
        raise Rejected("not-writable", f"{name} is not writable")
    try:
        put = _placed(point, value) if point.standard is None else _standard(name, point, point.standard, value)
    except Unwritable as error:
        raise Rejected(error.reason, f"{name}: {error}") from None
    if (why := point.off_limits(put.value)) is not None:
        raise Rejected("out-of-range", f"{name}: {why}")
    return put


def merged(puts: Sequence[Put], found: bytes | None) -> bytes:
    """All of these in one characteristic; raises Unfitting."""
    for put in puts:
        found = put.into(found)
    return found or b""


def _placed(point: BlePoint, value: Value) -> Placed:
    if point.enum and SCALARS[point.type].is_text:
        return _text(point, _said(point, value), value)
    if SCALARS[point.type].is_text:
        return _text(point, value, value)
    quantity = point.quantity
    data = encode(quantity, value)
    rounded = _decoded(quantity, data)
    _near_enough(quantity, value, rounded)
    bits = None
    if quantity.bits is not None:
        size = quantity.scalar.size
        bits = _ordered(point, (mask(quantity)).to_bytes(size, "big"))
    return Placed(rounded, quantity.step, point.at, _ordered(point, data), bits)


def _text(point: BlePoint, text: Value, value: Value) -> Placed:
    quantity = point.quantity
    if is_open(point) and isinstance(text, str):
        size = len(text) // 2 if point.type == "bytes" else len(text.encode(point.encoding, "replace"))
        quantity = quantity._replace(size=size)
    if text in point.invalid:
        raise Unwritable("out-of-range", f'{text!r} stands for "no value" here')
    data = encode(quantity, text)
    rounded = value if point.enum else _decoded(quantity, data)
    return Placed(rounded, 0.0, point.at, _ordered(point, data), to_end=is_open(point))


def _standard(name: str, point: BlePoint, standard: sig.Characteristic, value: Value) -> Standard:
    field = point.called(name)
    said = _said(point, value)
    if len(standard.fields) > 1:
        return Standard(value, _step(point), standard, field, said)
    data = _encoded(standard, {field: said})
    (rounded,) = Contents({name: point}).read(data).values
    if rounded is None:
        raise Unwritable("out-of-range", f"{value!r} would be written as what the standard calls no value")
    return Standard(rounded, _step(point), standard, field, said)


def _encoded(standard: sig.Characteristic, values: Mapping[str, Value]) -> bytes:
    if standard.encode is None:
        raise Rejected("not-supported", "that standard format can only be read: give the point a type like uint8")
    return standard.encode(values)


def _said(point: BlePoint, value: Value) -> Value:
    """What the standard's format calls a value."""
    said = wanted(point, value)
    if not isinstance(said, Fraction):
        return said
    return int(said) if said.denominator == 1 else float(said)


def _step(point: BlePoint) -> float:
    return abs(point.scale) if point.type == "int" and not point.enum else 0.0


def _decoded(quantity: Quantity, data: bytes) -> Value:
    try:
        return decode_one(quantity, data)
    except Spoiled:
        raise Unwritable("out-of-range", "it would be read back as no value at all") from None


def _near_enough(quantity: Quantity, value: Value, rounded: Value) -> None:
    """Rounding is to the nearest; what is further off than half a step can't be held. Raises Unwritable."""
    if not quantity.step or isinstance(value, bool | str) or isinstance(rounded, bool | str):
        return
    if abs(value - rounded) > quantity.step * (0.5 + HALF_STEP_NOISE):
        raise Unwritable("out-of-range", f"{value!r} can't be held: the nearest is {rounded!r}")


def _ordered(point: BlePoint, data: bytes) -> bytes:
    """As on the wire."""
    if len(data) < 2:
        return data
    order = point.order
    if len(data) == 2 and not SCALARS[point.type].is_text:
        order = "DCBA" if order in ("BADC", "DCBA") else "ABCD"
    return arrange(data, order)
