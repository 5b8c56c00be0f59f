"""Bytes in which points stand: a characteristic, a descriptor, or a part of an advertisement. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble import sig
from adapters.ble.config import BlePoint
from adapters.ble.gatt.puts import Unfitting, put_of
from adapters.ble.gatt.values import Contents, is_open
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.values import Unwritable

LONGEST_BYTES = 512
"""Of an attribute (Core Specification 6.0, Vol 3, Part F, 3.2.9)."""


class Cell:
    """What stands there now; it begins with `head`, and with at least so many bytes."""

    def __init__(self, points: Mapping[str, BlePoint], head: bytes = b"", size: int = 0) -> None:
        self.points = points
        self._free = {name: point.model_copy(update={"writable": True}) for name, point in points.items()}
        self.data = _begun(points, max(size, len(head)))
        self.data = head + self.data[len(head) :]

    def get(self, point: str) -> Value | None:
        """What a gateway would read; None where that is no good value."""
        (value,) = Contents({point: self._free[point]}).read(self.data).values
        return value

    def put(self, point: str, value: Value) -> None:
        """Let a point be worth this; raises Unwritable if it can't be."""
        try:
            data = put_of(point, self._free[point], value).into(self.data)
        except Rejected as error:
            raise Unwritable("out-of-range" if error.reason == "out-of-range" else "malformed", error.detail) from None
        except Unfitting as error:
            raise Unwritable("malformed", str(error)) from None
        self.data = data

    def takes(self, data: bytes) -> bool:
        """Whether a gateway may write this: as many bytes as there are, or any where a text goes on to the end."""
        return len(data) == len(self.data) or any(map(is_open, self.points.values())) or self._is_of_standard(data)

    def _is_of_standard(self, data: bytes) -> bool:
        return any(point.standard is not None and _decodes(point.standard, data) for point in self.points.values())


def _begun(points: Mapping[str, BlePoint], size: int) -> bytes:
    """Zeros, as many as all of them need."""
    standard = next((point.standard for point in points.values() if point.standard is not None), None)
    if standard is not None:
        fits = (bytes(length) for length in range(LONGEST_BYTES + 1))
        return next(data for data in fits if _decodes(standard, data) or len(data) == LONGEST_BYTES)
    return bytes(max([size, *(_end(point) for point in points.values())]))


def _decodes(standard: sig.Characteristic, data: bytes) -> bool:
    try:
        standard.decode(data)
    except sig.Undecodable:
        return False
    return True


def _end(point: BlePoint) -> int:
    """How many bytes there must be at least to hold this."""
    at = point.at or 0
    size = 0 if is_open(point) else point.quantity.scalar.size
    return -at if at < 0 else at + size
