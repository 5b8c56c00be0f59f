"""Requests out of what comes over a wire, and answers into frames: pymodbus' framers do both. Pure."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU
from typing_extensions import override

from adapters.modbus.config.link import ASCII, NUMBERED, Transport
from adapters.modbus.simulator.answering import SERVED

HEADER_BYTES = 6
"""Before the unit id (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
MAX_FRAME_BYTES = 260
"""MODBUS Messaging on TCP/IP V1.0b, 4.1."""
MAX_LINE_CHARS = 513
"""MODBUS over Serial Line V1.02, 2.5.2.1."""
MIN_RTU_BYTES = 4
"""Unit, function and CRC (MODBUS over Serial Line V1.02, 2.5.1)."""


class Asked(NamedTuple):
    """A request: its transaction number (0 where there is none), the unit, function and what follows."""

    number: int
    unit: int
    body: bytes


class Hopeless(Exception):
    """Nothing marks where the next frame begins."""


class Frames(Protocol):
    """What has come of one connection."""

    def feed(self, data: bytes) -> list[Asked]:
        """The requests that are whole now. Raises Hopeless."""

    def silence(self) -> list[Asked]:
        """Nothing has come for long: what is not whole by now never will be."""

    def frame(self, asked: Asked, unit: int, body: bytes) -> bytes:
        """An answer as it goes on the wire."""


def frames_of(transport: Transport) -> Frames:
    """For one connection or line."""
    if transport in NUMBERED:
        return Numbered()
    return AsciiLine() if transport in ASCII else RtuLine()


class Numbered(Frames):
    """Frames with a header that says how long they are."""

    def __init__(self) -> None:
        self._framer = FramerSocket(DecodePDU(is_server=True))
        self._buffer = b""

    @override
    def feed(self, data: bytes) -> list[Asked]:
        self._buffer += data
        found = []
        while len(self._buffer) >= HEADER_BYTES:
            length = int.from_bytes(self._buffer[4:6], "big")
            if self._buffer[2:4] != b"\0\0" or not 2 <= length <= MAX_FRAME_BYTES - HEADER_BYTES:
                raise Hopeless("this is no Modbus TCP")
            frame, rest = self._buffer[: HEADER_BYTES + length], self._buffer[HEADER_BYTES + length :]
            if len(frame) < HEADER_BYTES + length:
                break
            _, unit, number, body = self._framer.decode(frame)
            found.append(Asked(number, unit, body))
            self._buffer = rest
        return found

    @override
    def silence(self) -> list[Asked]:
        return []

    @override
    def frame(self, asked: Asked, unit: int, body: bytes) -> bytes:
        return self._framer.encode(body, unit, asked.number)


class RtuLine(Frames):
    """Frames between silences; a known function says how long its request is, which ends it sooner."""

    def __init__(self) -> None:
        self._framer = FramerRTU(DecodePDU(is_server=True))
        self._buffer = b""

    @override
    def feed(self, data: bytes) -> list[Asked]:
        self._buffer += data
        if len(self._buffer) < MIN_RTU_BYTES or self._buffer[1] not in SERVED:
            return []
        size = SERVED[self._buffer[1]].calculateRtuFrameSize(self._buffer)
        return self._take(size) if 0 < size <= len(self._buffer) else []

    @override
    def silence(self) -> list[Asked]:
        return self._take(len(self._buffer))

    @override
    def frame(self, asked: Asked, unit: int, body: bytes) -> bytes:
        return self._framer.encode(body, unit, 0)

    def _take(self, size: int) -> list[Asked]:
        """A frame whose CRC fits; what came behind it is dropped, for nobody speaks before he is answered."""
        frame, self._buffer = self._buffer[:size], b""
        good = size >= MIN_RTU_BYTES and self._framer.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))
        return [Asked(0, frame[0], frame[1:-2])] if good else []


class AsciiLine(Frames):
    """Frames that are lines of text."""

    def __init__(self) -> None:
        self._framer = FramerAscii(DecodePDU(is_server=True))
        self._buffer = b""

    @override
    def feed(self, data: bytes) -> list[Asked]:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self._buffer = self._buffer[-MAX_LINE_CHARS:]
        return [asked for line in lines for asked in self._asked(line + b"\n")]

    @override
    def silence(self) -> list[Asked]:
        return []

    @override
    def frame(self, asked: Asked, unit: int, body: bytes) -> bytes:
        return self._framer.encode(body, unit, 0)

    def _asked(self, line: bytes) -> list[Asked]:
        try:
            _, unit, _, body = self._framer.decode(line)
        except ValueError:  # pymodbus' for a unit that is not hexadecimal
            return []
        return [Asked(0, unit, body)] if body else []
