"""From what a frame says to what goes on the wire: marks, lengths, checksums and escapes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.serial.checksums import Seal
from adapters.serial.checksums.sums import xor8
from adapters.serial.config import (
    Cobs,
    Escaped,
    Fixed,
    Framing,
    Iec62056Frames,
    LengthField,
    Line,
    SerialLink,
    Slip,
    StartEnd,
)
from adapters.serial.framing.body import body_of
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of, seal_in
from adapters.serial.framing.marked import trailer_of

LINE_END = b"\r\n"
"""Where any terminator would do."""
STX, ETX, IDENTIFICATION = b"\x02", b"\x03", b"/"
"""Around a data block, and what begins a meter's first line (IEC 62056-21, 6.2 and 6.3.2)."""


class Packing:
    """How frames are packed on a link; `hear` is what a gateway makes of them."""

    def __init__(self, link: SerialLink) -> None:
        self._link = link
        self._framing = link.framing
        self._seal: Seal | None = seal_in(link.framing, link.checksum)
        self.has_checksums = link.checksum is not None or isinstance(link.framing, Iec62056Frames)
        self._framer = self.framer()
        self._trailer = trailer_of(link.framing, self._seal) if isinstance(link.framing, StartEnd | Escaped) else 0
        self._start, self._end = _marks(link.framing)
        self._head, self._tail = _head(link.framing, self._start), self._end + bytes(self._trailer)
        body = body_of(len(self._head), len(self._tail), self._seal)
        self._head_bytes = body.start or 0
        self._tail_bytes = -(body.stop or 0)

    def data_of(self, body: bytes) -> bytes:
        """A frame around this, still to be sealed."""
        if isinstance(self._framing, Iec62056Frames):
            return body if body.startswith(IDENTIFICATION) else STX + body + ETX + b"\0"
        head = self._head.ljust(self._head_bytes, b"\0")
        return head + body + bytes(self._tail_bytes - len(self._tail)) + self._tail

    def around(self, body: bytes, size: int) -> bytes:
        """A frame with this at its beginning, and so many bytes before what ends it; or as many as each has."""
        if isinstance(self._framing, Fixed):
            size = self._framing.length - self._tail_bytes
        return self.data_of(body.ljust(size - self._head_bytes, b"\0"))

    def filled(self, data: bytes) -> bytes:
        """With as many bytes as it says that it has, where it says so."""
        framing = self._framing
        if not isinstance(framing, LengthField) or len(data) < framing.at + framing.size:
            return data
        number = int.from_bytes(data[framing.at : framing.at + framing.size], framing.endian)
        return data.ljust(framing.total(number), b"\0")

    def sealed(self, data: bytes, *, wrongly: bool = False) -> bytes:
        """With its length and its checksum, which may be a wrong one."""
        if isinstance(self._framing, LengthField):
            data = _measured(data, self._framing)
        if isinstance(self._framing, Iec62056Frames) and data.startswith(STX):
            return _checked(data, wrongly=wrongly)
        if self._seal is None:
            return data
        start, end = self._seal.span(len(data))
        before = data[:start] + b"*" * self._seal.mark + data[start + self._seal.mark : end - self._seal.width]
        checksum = self._seal.seal(before)
        if wrongly:
            checksum = checksum[:-1] + (b"1" if checksum[-1:] == b"0" else b"0")
        return before + checksum + data[end:]

    def wire(self, data: bytes) -> bytes:
        """As it goes on the wire."""
        framing = self._framing
        if isinstance(framing, Iec62056Frames):
            return data if data.startswith(STX) else data + LINE_END
        if isinstance(framing, Line):
            return data + (framing.terminator[0] if framing.terminator else LINE_END)
        return self._framer.wrap(self.unmarked(data), sealed=True) if self.packs else data

    @property
    def packs(self) -> bool:
        """Whether what a gateway says is packed as frames are."""
        return isinstance(self._framing, Slip | Cobs | Escaped)

    def unmarked(self, data: bytes) -> bytes:
        """Without marks, but with what stands behind them."""
        end = len(data) - self._trailer
        return data[len(self._start) : end - len(self._end)] + data[end:]

    def unpacked(self, frame: Frame) -> tuple[bytes, ...]:
        """All that a gateway may have packed into it: something without a checksum, or with one."""
        inner = self.unmarked(frame.data)
        return (frame.body,) if inner == frame.body else (frame.body, inner)

    def framer(self) -> Framer:
        """For one connection."""
        return framer_of(self._framing, self._link.checksum)

    def hear(self, wire: bytes) -> Frame | None:
        """The one frame that this is; None if it is none, or several."""
        framer = self.framer()
        frames = framer.feed(wire)
        if framer.gap_s is not None:
            frames += framer.silence()
        losses = framer.losses
        is_clean = not (losses.junk_bytes or losses.bad_checksums or losses.too_long)
        return frames[0] if len(frames) == 1 and is_clean else None

    def found(self, example: bytes) -> Iterator[Frame]:
        """What somebody may have meant who has written a frame down, with or without marks, checksum and escapes."""
        packed = self.data_of(example)
        behind = bytes(self._seal.width) if self._seal is not None and self._seal.at == -self._seal.width else b""
        meant = (example, *map(self.sealed, (packed, example + behind, example)))
        for wire in (example, *map(self.wire, meant)):
            if (frame := self.hear(wire)) is not None:
                yield frame


def _marks(framing: Framing) -> tuple[bytes, bytes]:
    """What begins and what ends each frame."""
    if isinstance(framing, StartEnd | Escaped):
        return framing.start, framing.end
    return (framing.start or b"" if isinstance(framing, Fixed | LengthField) else b""), b""


def _head(framing: Framing, start: bytes) -> bytes:
    """What stands before the body, but for a checksum."""
    return start.ljust(framing.at + framing.size, b"\0") if isinstance(framing, LengthField) else start


def _checked(block: bytes, *, wrongly: bool) -> bytes:
    """A data block with its check: of all behind STX, up to ETX (IEC 62056-21, 6.3.3)."""
    return block[:-1] + bytes([xor8(block[1:-1]) ^ wrongly])


def _measured(data: bytes, framing: LengthField) -> bytes:
    """With its length where it stands."""
    end = framing.at + framing.size
    if len(data) < end:
        return data
    number = len(data) - framing.extra - (0 if framing.counts == "frame" else end)
    if not 0 <= number < 2 ** (8 * framing.size):
        return data
    return data[: framing.at] + number.to_bytes(framing.size, framing.endian) + data[end:]
