"""Frames whose size is known, or stands in them. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.config.framing import Fixed, LengthField
from adapters.serial.framing.body import body_of
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.marks import begun

CHECKED_AGAIN_BYTES = 256
"""For each byte that came, so many may be looked at again after wrong checksums: in noise most are, once; a flood of
false beginnings would cost its square.
"""
CHECKED_AT_ONCE_BYTES = 1 << 18
"""What may be looked at again at one place: four frames of the greatest length."""

_CODES = {1: "B", 2: "H", 4: "I"}


class SizedFramer(Framer):
    """Frames of `size_of(data, at)` bytes, known once `head` of them are there; they begin with `start`, if any does.

    What cannot be one, by its size or its checksum, is looked through again from its second byte.
    """

    def __init__(
        self,
        start: bytes,
        head: int,
        size_of: Callable[[bytes, int], int],
        *,
        sizes: range,
        body: slice,
        seal: Seal | None = None,
        gap_s: float | None = None,
    ) -> None:
        super().__init__(gap_s)
        self._start = start
        self._head = head
        self._size_of = size_of
        self._least, self._most = sizes.start, sizes.stop - 1
        self._body = body
        self._seal = seal
        self._passed_bytes = 0
        self._failed_at = 0
        self._owed_bytes = 0

    @override
    def feed(self, data: bytes) -> list[Frame]:
        if self._held:
            data = self._held + data
        frames, at, taken = self._cut(data, 0)
        self._held = data[at:]
        self._passed_bytes += at
        self.losses.junk_bytes += at - taken
        return frames

    @override
    def silence(self) -> list[Frame]:
        """What was begun is none: there may be whole ones within."""
        data, self._held = self._held, b""
        frames: list[Frame] = []
        at = taken = 0
        while at < len(data):
            more, at, used = self._cut(data, at + 1)
            frames += more
            taken += used
        self._passed_bytes += len(data)
        self.losses.junk_bytes += len(data) - taken
        return frames

    def _cut(self, data: bytes, at: int) -> tuple[list[Frame], int, int]:
        """The frames from there on, how far that is decided, and how many bytes of this are frames."""
        frames: list[Frame] = []
        taken = 0
        start, size_of, seal = self._start, self._size_of, self._seal
        end = len(data)
        while True:
            if start:
                found = data.find(start, at)
                if found < 0:
                    return frames, max(at, end - begun(data, start)), taken
                at = found
            if end - at < self._head:
                return frames, at, taken
            size = size_of(data, at)
            if not self._least <= size <= self._most:
                self.losses.too_long += size > self._most
                at += 1
                continue
            if at + size > end:
                return frames, at, taken
            whole = data[at : at + size]
            if seal is None or seal.good(whole):
                frames.append(Frame(whole, whole[self._body]))
                taken += size
                at += size
            else:
                at += self._after_failure(at, size)

    def _after_failure(self, at: int, size: int) -> int:
        """How many bytes to pass over: one, or in a flood of false beginnings all of this one."""
        self.losses.bad_checksums += 1
        place = self._passed_bytes + at
        earned = (place - self._failed_at) * CHECKED_AGAIN_BYTES
        self._failed_at = place
        self._owed_bytes = max(self._owed_bytes - earned, 0) + size
        return 1 if self._owed_bytes <= CHECKED_AT_ONCE_BYTES else size


def fixed(framing: Fixed, seal: Seal | None) -> SizedFramer:
    """All of one length."""
    size = framing.length
    return SizedFramer(
        framing.start or b"",
        size,
        lambda _data, _at: size,
        sizes=range(size, size + 1),
        body=body_of(len(framing.start or b""), 0, seal),
        seal=seal,
        gap_s=framing.gap,
    )


def with_length(framing: LengthField, seal: Seal | None) -> SizedFramer:
    """Their length stands in them."""
    head = framing.at + framing.size
    offset, added = framing.at, framing.total(0)
    order = ">" if framing.endian == "big" else "<"
    unpack = struct.Struct(order + _CODES[framing.size]).unpack_from

    def size_of(data: bytes, at: int) -> int:
        return int(unpack(data, at + offset)[0]) + added

    return SizedFramer(
        framing.start or b"",
        head,
        size_of,
        sizes=range(framing.shortest, framing.max_length + 1),
        body=body_of(head, 0, seal),
        seal=seal,
        gap_s=framing.gap,
    )
