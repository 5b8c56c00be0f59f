"""Points at places of a binary frame. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.config.message import Bytes
from adapters.serial.simulator.forge.editor import Edit, Editor
from gateway.model import Value
from gateway.values import arrange, encode, mask

HALF = 0.5000001
"""Of a step, with a little for the arithmetic."""
COARSEST = 2.0**-10
"""Of a number, that a float16 may be off."""


class BinaryEditor(Editor):
    """`begun`: what such a frame is at first."""

    is_whole = True

    def __init__(self, points: Mapping[str, SerialPoint], begun: bytes) -> None:
        self._points = points
        self._begun = begun

    @override
    def blank(self) -> bytes | None:
        return self._begun

    @override
    def edits(self, content: bytes, name: str, value: Value, *, alike: bool) -> Iterator[Edit]:
        point = self._points[name]
        quantity = point.quantity
        size = quantity.scalar.size
        assert point.at is not None, "the points of a binary frame stand at a place"
        start = point.at if point.at >= 0 else len(content) + point.at
        end = start + size
        if start < 0 or end > len(content):
            return
        data = encode(quantity, value)
        if not quantity.scalar.is_text:
            held = arrange(content[start:end], point.order)
            data = arrange(_merged(held, data, mask(quantity)), point.order)
        tolerance = quantity.step * HALF
        if quantity.scalar.is_float and not isinstance(value, str):
            tolerance = max(tolerance, abs(value) * COARSEST)
        yield Edit(content[:start] + data + content[end:], tolerance)


def needed(points: Mapping[str, SerialPoint], marks: Sequence[Bytes]) -> int:
    """Bytes that hold every point and mark."""
    ends = [_end(point.at or 0, point.quantity.scalar.size) for point in points.values()]
    return max([*ends, *(_end(mark.at, len(mark.is_)) for mark in marks)], default=0)


def marked(data: bytes, marks: Sequence[Bytes]) -> bytes:
    """With what stands at places of each such frame."""
    for mark in marks:
        start = mark.at if mark.at >= 0 else len(data) + mark.at
        data = data[:start] + mark.is_ + data[start + len(mark.is_) :]
    return data


def _end(at: int, size: int) -> int:
    """What a frame must have at least to hold this."""
    return at + size if at >= 0 else -at


def _merged(held: bytes, data: bytes, bits: int) -> bytes:
    """These bits of the new number, and the others as they are."""
    old, new = int.from_bytes(held, "big"), int.from_bytes(data, "big")
    return (old & ~bits | new & bits).to_bytes(len(data), "big")
