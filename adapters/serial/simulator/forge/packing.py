"""From what a frame says to what goes on the wire: marks, lengths, checksums and escapes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.serial.checksums import Seal, seal_of
from adapters.serial.config import Escaped, Fixed, Iec62056Frames, LengthField, Line, SerialLink, StartEnd
from adapters.serial.framing.body import body_of
from adapters.serial.framing.frame import Frame
from adapters.serial.framing.make import framer_of, trailer_of

LINE_END = b"\r\n"
"""Where any terminator would do."""


class Packing:
    """How frames are packed on a link; `hear` is what a gateway makes of them."""

    def __init__(self, link: SerialLink) -> None:
        self._link = link
        self._framing = link.framing
        self._seal: Seal | None = seal_of(link.checksum)
        self.has_checksums = link.checksum is not None or isinstance(link.framing, Iec62056Frames)
        self._bare = framer_of(link.framing, None)
        self._trailer = trailer_of(link.framing, link.checksum) if isinstance(link.framing, StartEnd | Escaped) else 0
        self._head, self._tail = _marks(link.framing, self._trailer)
        body = body_of(len(self._head), len(self._tail), self._seal)
        self._head_bytes = body.start or 0
        self._tail_bytes = -(body.stop or 0)

    def data_of(self, body: bytes) -> bytes:
        """A frame around this, still to be sealed."""
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
        if isinstance(framing, Line):
            return data + (framing.terminator[0] if framing.terminator else LINE_END)
        if isinstance(framing, Escaped):
            end = len(data) - self._trailer
            return self._bare.wrap(data[len(framing.start) : end - len(framing.end)]) + data[end:]
        return self._bare.wrap(data)

    def hear(self, wire: bytes) -> Frame | None:
        """The one frame that this is; None if it is none, or several."""
        framer = framer_of(self._framing, self._link.checksum)
        frames = framer.feed(wire)
        if framer.gap_s is not None:
            frames += framer.silence()
        losses = framer.losses
        is_clean = not (losses.junk_bytes or losses.bad_checksums or losses.too_long)
        return frames[0] if len(frames) == 1 and is_clean else None

    def found(self, example: bytes) -> Iterator[Frame]:
        """What somebody may have meant who has written a frame down, with or without marks, checksum and escapes."""
        packed = self.data_of(example)
        for wire in (example, *(self.wire(data) for data in (example, self.sealed(packed), self.sealed(example)))):
            if (frame := self.hear(wire)) is not None:
                yield frame


def _marks(framing: object, trailer: int) -> tuple[bytes, bytes]:
    """What stands before and behind the body of each frame, but for a checksum."""
    if isinstance(framing, StartEnd | Escaped):
        return framing.start, framing.end + bytes(trailer)
    if isinstance(framing, Fixed):
        return framing.start or b"", b""
    if isinstance(framing, LengthField):
        return (framing.start or b"").ljust(framing.at + framing.size, b"\0"), b""
    return b"", b""


def _measured(data: bytes, framing: LengthField) -> bytes:
    """With its length where it stands."""
    end = framing.at + framing.size
    if len(data) < end:
        return data
    number = len(data) - framing.extra - (0 if framing.counts == "frame" else end)
    if not 0 <= number < 2 ** (8 * framing.size):
        return data
    return data[: framing.at] + number.to_bytes(framing.size, framing.endian) + data[end:]
