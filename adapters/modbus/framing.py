"""Frames without transaction numbers, RTU and ASCII: put around requests, and found in whatever a line brings. Pure."""

from __future__ import annotations

from binascii import Error, unhexlify
from collections.abc import Iterator
from typing import Protocol

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU

from adapters.modbus.exchange import EXCEPTION_SIZE, Exchange

RTU_CHECK = 2
"""Bytes of the CRC after a frame (MODBUS over Serial Line V1.02, 2.5.1.2)."""
ASCII_START, ASCII_END = b":", b"\r\n"
"""MODBUS over Serial Line V1.02, 2.5.2.1."""
ASCII_EXTRA = 5
"""Characters around those that stand for bytes: colon, two of the LRC, CR, LF (V1.02, 2.5.2.1)."""
ASCII_MAX = 513
"""Characters of the longest frame (MODBUS over Serial Line V1.02, 2.5.2.1)."""


class Framing(Protocol):
    """How bytes travel on a line."""

    def frame(self, body: bytes) -> bytes:
        """Unit id, function and what follows, as it goes on the wire."""

    def length(self, size: int) -> int:
        """Characters of a frame with a body of so many bytes."""

    def find(self, data: bytes, exchange: Exchange) -> bytes | None:
        """The good reply to this request, or an exception, wherever it stands in what has come: its body."""

    def promising(self, data: bytes, exchange: Exchange) -> bool:
        """Whether more bytes may make a reply of what has come."""


class Rtu:
    """Bytes as they are, with a CRC; only time separates frames, so that any byte may begin one."""

    def __init__(self) -> None:
        self._framer = FramerRTU(DecodePDU(is_server=False))

    def frame(self, body: bytes) -> bytes:
        """With its CRC."""
        return self._framer.encode(body[1:], body[0], 0)

    def length(self, size: int) -> int:
        """Bytes."""
        return size + RTU_CHECK

    def find(self, data: bytes, exchange: Exchange) -> bytes | None:
        """Wherever the check fits."""
        refusal = bytes(exchange.refusal)
        for at in _places(data, exchange.expected[:1]):
            if data.startswith(exchange.expected, at):
                size = exchange.size
            elif data.startswith(refusal, at):
                size = EXCEPTION_SIZE
            else:
                continue
            if self._checks(frame := data[at : at + size + RTU_CHECK], size):
                return frame[:size]
        return None

    def promising(self, data: bytes, exchange: Exchange) -> bool:
        """Whether the reply has begun, and has not come whole."""
        refusal = bytes(exchange.refusal)
        return any(
            _begins(data[at:], sign) and len(data) - at < size + RTU_CHECK
            for at in _places(data, exchange.expected[:1])
            for sign, size in ((exchange.expected, exchange.size), (refusal, EXCEPTION_SIZE))
        )

    def _checks(self, frame: bytes, size: int) -> bool:
        return len(frame) == size + RTU_CHECK and self._framer.check_CRC(
            frame[:size], int.from_bytes(frame[size:], "big")
        )


class Ascii:
    """Two characters a byte, from a colon to the end of the line."""

    def __init__(self) -> None:
        self._framer = FramerAscii(DecodePDU(is_server=False))

    def frame(self, body: bytes) -> bytes:
        """With its LRC."""
        return self._framer.encode(body[1:], body[0], 0)

    def length(self, size: int) -> int:
        """Characters."""
        return 2 * size + ASCII_EXTRA

    def find(self, data: bytes, exchange: Exchange) -> bytes | None:
        """In any line whose check fits."""
        for line in data.split(ASCII_START)[1:]:
            body = self._body(line)
            if len(body) == exchange.size and body.startswith(exchange.expected):
                return body
            if len(body) == EXCEPTION_SIZE and body.startswith(bytes(exchange.refusal)):
                return body
        return None

    def promising(self, data: bytes, exchange: Exchange) -> bool:  # noqa: ARG002  # as RTU needs it
        """Whether a line has begun, and not ended."""
        begun = data.rpartition(ASCII_START)
        return bool(begun[1]) and ASCII_END not in begun[2] and len(begun[2]) < ASCII_MAX

    def _body(self, line: bytes) -> bytes:
        """Empty where it is no whole frame."""
        text, end, _ = line.partition(ASCII_END)
        try:
            frame = unhexlify(text) if end else b""
        except Error:
            return b""
        good = len(frame) > EXCEPTION_SIZE and self._framer.check_LRC(frame[:-1], frame[-1])
        return frame[:-1] if good else b""


def _places(data: bytes, byte: bytes) -> Iterator[int]:
    """Where this byte stands."""
    at = data.find(byte)
    while at >= 0:
        yield at
        at = data.find(byte, at + 1)


def _begins(data: bytes, sign: bytes) -> bool:
    """Whether one begins with the other."""
    return sign.startswith(data[: len(sign)])
