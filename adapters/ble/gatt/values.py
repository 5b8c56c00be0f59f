"""What the bytes of a characteristic or descriptor say, by its standard format or by places in them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.ble import sig
from adapters.ble.config import BlePoint
from adapters.ble.decoders.named import point_reader
from gateway.model import Bad, BadReason, Value
from gateway.values import SCALARS, Layouts, Read, Reading, Spoiled, reading
from gateway.values.layout import field_of

UNTOLD = Bad(BadReason.INVALID)
"""The format has a way to say that a value is not known."""

Take = Callable[[bytes], Any]
"""What there is for a point in bytes: what its `Read` takes."""


class Contents:
    """The points that stand in one attribute."""

    def __init__(self, points: Mapping[str, BlePoint]) -> None:
        self.names = tuple(points)
        self._layouts = Layouts(points) if all(map(_is_placed, points.values())) else None
        self._parts = [] if self._layouts else [_part(name, point) for name, point in points.items()]
        self._takes = [take for take, _ in self._parts]
        self._reads = [read for _, read in self._parts]

    def read(self, data: bytes) -> Reading:
        """Their values, in their order."""
        if self._layouts is not None:
            return self._layouts.read(data)
        return reading(self.names, self._reads, [take(data) for take in self._takes])


def is_open(point: BlePoint) -> bool:
    """Whether it is a text that goes on to the end of the bytes."""
    return point.is_binary and SCALARS[point.type].is_text and point.length is None


def _is_placed(point: BlePoint) -> bool:
    return point.standard is None and not is_open(point)


def _part(name: str, point: BlePoint) -> tuple[Take, Read]:
    if point.standard is not None:
        return _told(point.standard, point.called(name)), _sound(point_reader(point))
    if is_open(point):
        at = point.at or 0
        return lambda data: data[at:], field_of(point).read
    layouts = Layouts({name: point})
    return layouts.read, _only


def _told(standard: sig.Characteristic, called: str) -> Take:
    def take(data: bytes) -> Any:
        try:
            return standard.decode(data).get(called, UNTOLD)
        except sig.Undecodable:
            return Bad(BadReason.DECODE_ERROR)

    return take


def _sound(read: Read) -> Read:
    """Of what was found not to be of the format there is no value."""

    def sound(said: Any) -> Value:
        if isinstance(said, Bad):
            raise Spoiled(said)
        return read(said)

    return sound


def _only(found: Reading) -> Value:
    (value,) = found.values
    if value is None:
        raise Spoiled(next(iter(found.bad.values())))
    return value
