"""The checksum of a link's frames: where it stands, what it covers, how it is written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.serial.checksums.catalogue import ALGORITHMS, NMEA
from adapters.serial.checksums.sums import xor8

if TYPE_CHECKING:  # the configuration's models check the names of checksums, here
    from adapters.serial.checksums import Checksum


class Seal:
    """Puts a checksum behind what is sent, and tells whether that of a frame is right.

    `width`: bytes that it takes; `at`: where it stands, below 0 from the end; `mark`: bytes before it that only
    introduce it; `before`: what goes on the wire before all that is sealed.
    """

    mark = 0

    def __init__(self, checksum: Checksum, before: bytes = b"") -> None:
        self.width = checksum.width
        self.at = -self.width if checksum.at is None else checksum.at
        self._own = slice(self.at, (self.at + self.width) or None)
        self._first = checksum.first
        self._until = checksum.until
        self._covered = slice(self._first, self.at)
        self._least = _least(self.at, self.width, self._first)
        self._value, self._size = ALGORITHMS[checksum.type]
        self._hex = checksum.encoding == "hex"
        self._endian = checksum.endian
        self._before = before

    def seal(self, before: bytes) -> bytes:
        """The checksum that goes behind this, the beginning of a frame."""
        before = self._before + before
        if self._until is None:
            return self._written(before[self._first :])
        behind = -self.at - self.width if self.at < 0 else 0
        size = len(before) + self.width + behind
        return self._written(before[self._first : _place(self._until, size)])

    def good(self, frame: bytes) -> bool:
        """Whether the checksum of a whole frame is right."""
        size = len(frame)
        if size < self._least:
            return False
        if self._until is None:
            covered = frame[self._covered]
        else:
            covered = frame[self._first : min(_place(self._until, size), _place(self.at, size))]
        own = frame[self._own]
        return self._written(covered) == (own.upper() if self._hex else own)

    def span(self, size: int) -> tuple[int, int]:
        """Where it stands in a frame of so many bytes, with what only introduces it."""
        start = _place(self.at, size)
        return start - self.mark, start + self.width

    def _written(self, covered: bytes) -> bytes:
        raw = self._value(covered).to_bytes(self._size, self._endian)
        return raw.hex().upper().encode() if self._hex else raw


class NmeaSeal(Seal):
    """Of `$...*hh`: what stands between is covered, whatever the configuration says of places."""

    mark = 1

    def seal(self, before: bytes) -> bytes:
        """Two digits; `before` ends with the `*`."""
        return b"%02X" % xor8(before[1:].removesuffix(b"*"))

    def good(self, frame: bytes) -> bool:
        """Whether it is a sentence, and its checksum is right."""
        return frame[-3:-2] == b"*" and frame[:1] in _BEGINS and b"%02X" % xor8(frame[1:-3]) == frame[-2:].upper()


_BEGINS = frozenset({b"$", b"!"})
"""Of sentences, and of those in which data is packed, as AIS has them (NMEA 0183, 5.3.1)."""


def seal_of(checksum: Checksum | None, before: bytes = b"") -> Seal | None:
    """Resolved once, for a link."""
    if checksum is None:
        return None
    return NmeaSeal(checksum, before) if checksum.type == NMEA else Seal(checksum, before)


def _place(at: int, size: int) -> int:
    return at if at >= 0 else max(size + at, 0)


def _least(at: int, width: int, first: int) -> int:
    """Bytes of the shortest frame that has room for it and covers something."""
    return first + 1 - at if at < 0 else at + width
