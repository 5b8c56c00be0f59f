"""Frames between marks, with an escape before bytes within that look like them: DLE STX ... DLE ETX. Pure."""

from __future__ import annotations

import re

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.config.framing import Escaped
from adapters.serial.framing.body import body_of
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.marked import trailer_of
from adapters.serial.framing.marks import begun
from adapters.serial.framing.stuffed import StuffedFramer


class Escapes:
    """How a byte is written that has another meaning where it stands."""

    def __init__(self, framing: Escaped) -> None:
        self._escape, self._xor = framing.escape, framing.xor
        singles = {mark for mark in (framing.start, framing.end) if len(mark) == 1}
        self._special = re.compile(b"[" + b"".join(map(re.escape, sorted({self._escape, *singles}))) + b"]")
        self._escaped = re.compile(re.escape(self._escape) + b"(.)", re.DOTALL)
        paired = b"".join(re.escape(mark[1:]) for mark in (framing.start, framing.end) if len(mark) > 1)
        if singles:
            behind = b"[^" + paired + b"]" if paired else b"."
        else:  # then nothing else has to be escaped, and would be damage
            behind = re.escape(bytes([self._escape[0] ^ self._xor]))
        plain = b"[^" + self._special.pattern[1:]
        self.run = re.compile(b"(?:" + plain + b"+|" + re.escape(self._escape) + behind + b")*", re.DOTALL)

    def plain(self, data: bytes) -> bytes:
        """With escapes taken out."""
        if self._escape not in data:
            return data
        return self._escaped.sub(lambda match: bytes([match[1][0] ^ self._xor]), data)

    def whole(self, data: bytes) -> bytes | None:
        """The same; None if an escape has nothing behind it."""
        return None if self._escaped.sub(b"", data).endswith(self._escape) else self.plain(data)

    def escaped(self, data: bytes) -> bytes:
        """With escapes put in."""
        return self._special.sub(lambda match: self._escape + bytes([match[0][0] ^ self._xor]), data)


class EscapedFramer(Framer):
    """A start mark that is not escaped begins anew; `trailer` bytes behind the end mark are as they are."""

    def __init__(self, framing: Escaped, seal: Seal | None = None) -> None:
        super().__init__(framing.gap)
        trailer = trailer_of(framing, seal)
        self._start, self._end = framing.start, framing.end
        self._trailer = trailer
        self._behind = len(framing.end) + trailer
        self._max_bytes = framing.max_length
        self._room = 2 * framing.max_length
        self._escapes = Escapes(framing)
        self._seal = seal
        self._body = body_of(len(self._start), self._behind, seal)
        self._scanned = 0

    @override
    def feed(self, data: bytes) -> list[Frame]:
        if self._held:
            data = self._held + data
        frames: list[Frame] = []
        at = taken = 0
        while (begins := data.find(self._start, at)) >= 0:
            ends, at = self._look(data, begins)
            if at == begins:
                break
            if ends < 0:
                continue
            stop = ends + self._behind
            inner = self._escapes.plain(data[begins + len(self._start) : ends])
            frame = self._frame(self._start + inner + data[ends:stop])
            if frame is not None:
                frames.append(frame)
                taken += stop - begins
                at = stop
        else:
            at = max(at, len(data) - begun(data, self._start))
        self._held = data[at:]
        self.losses.junk_bytes += at - taken
        return frames

    @override
    def silence(self) -> list[Frame]:
        self._scanned = 0
        return super().silence()

    @override
    def wrap(self, data: bytes, *, sealed: bool = False) -> bytes:
        """The checksum stands where frames have it; what else stands behind the end mark ends `data`."""
        seal = None if sealed else self._seal
        if seal is None or self._is_within(seal):
            inner, behind = data[: len(data) - self._trailer], data[len(data) - self._trailer :]
            inner += seal.seal(self._start + inner) if seal is not None else b""
            return self._start + self._escapes.escaped(inner) + self._end + behind
        return self._start + self._escapes.escaped(data) + self._end + seal.seal(self._start + data + self._end)

    def _is_within(self, seal: Seal) -> bool:
        return seal.at < -self._trailer

    def _look(self, data: bytes, at: int) -> tuple[int, int]:
        """Where the end mark stands of what begins there, or -1; and where to look next if it is no frame.

        The same place again: it is not decided yet.
        """
        inner = at + len(self._start)
        room = min(at + self._room, len(data))
        scanned, self._scanned = self._scanned, 0
        run = self._escapes.run.match(data, max(inner, scanned), room)
        ends = run.end() if run is not None else inner
        if data.startswith(self._end, ends, room):
            if ends + self._behind <= len(data):
                return ends, ends + len(self._end)
        elif data.startswith(self._start, ends, room):
            return -1, ends
        elif ends < room - 1:
            return -1, ends + 1
        elif room - at == self._room:
            self.losses.too_long += 1
            return -1, max(inner, room - begun(data[:room], self._start))
        self._scanned = ends - at
        return -1, at

    def _frame(self, whole: bytes) -> Frame | None:
        if len(whole) > self._max_bytes:
            self.losses.too_long += 1
        elif self._seal is not None and not self._seal.good(whole):
            self.losses.bad_checksums += 1
        else:
            return Frame(whole, whole[self._body])
        return None


def escaped(framing: Escaped, seal: Seal | None) -> Framer:
    """Marks that are one byte and the same are flags, as HDLC has them."""
    if not framing.is_flagged:
        return EscapedFramer(framing, seal)
    escapes = Escapes(framing)
    return StuffedFramer(
        framing.end,
        escapes.whole,
        escapes.escaped,
        max_bytes=framing.max_length,
        longest=2 * framing.max_length,
        seal=seal,
        gap_s=framing.gap,
        opened=True,
    )
