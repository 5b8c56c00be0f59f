"""Frames without transaction numbers, RTU and ASCII: put around requests, and found in whatever a line brings. Pure."""

from __future__ import annotations

from binascii import Error, unhexlify
from collections.abc import Iterator
from typing import Protocol

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU

from adapters.modbus.config.link import ASCII, ModbusLink
from adapters.modbus.wire.exchange import EXCEPTION, EXCEPTION_SIZE, Exchange

RTU_CHECK = 2
"""Bytes of the CRC after a frame (MODBUS over Serial Line V1.02, 2.5.1.2)."""
MAX_UNIT = 247
"""Above it nobody has an address (MODBUS over Serial Line V1.02, 2.2)."""
HEAD = 3
"""Unit, function, and mostly a size: what tells how long a frame is (V1.1b3, 6)."""
FIXED = 8
"""Bytes of a request to read, or to write one, and of a reply to a write, with its CRC (V1.1b3, 6.1 to 6.12)."""
COUNT_AT = 6
"""Where a request to write several says how many bytes follow (V1.1b3, 6.11 and 6.12)."""
ASCII_START, ASCII_END = b":", b"\r\n"
"""MODBUS over Serial Line V1.02, 2.5.2.1."""
ASCII_EXTRA = 5
"""Characters around those that stand for bytes: colon, two of the LRC, CR, LF (V1.02, 2.5.2.1)."""


class Framing(Protocol):
    """How bytes travel on a line."""

    def frame(self, body: bytes) -> bytes:
        """Unit id, function and what follows, as it goes on the wire."""

    def length(self, size: int) -> int:
        """Characters of a frame with a body of so many bytes."""

    def find(self, data: bytes, exchange: Exchange, seen: int = 0) -> bytes | None:
        """The body of the good reply to this request, or of an exception, wherever it stands in what has come.

        What stands within another's frame, or might once that has come whole, is that other's data. None ended in
        the first `seen` bytes when it was last looked for: it need not be looked for there again.
        """

    def spoilt(self, data: bytes, exchange: Exchange) -> bool:
        """Whether the reply has come whole, and damaged: what has come begins with it."""

    def whole(self, data: bytes) -> bool:
        """Whether it begins with a frame that is not damaged, whoever's it is."""


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

    def find(self, data: bytes, exchange: Exchange, seen: int = 0) -> bytes | None:
        """Wherever the check fits, outside the frames of others."""
        refusal = bytes(exchange.refusal)
        free_from = 0
        longest = max(exchange.size, EXCEPTION_SIZE) + RTU_CHECK
        for at in _places(data, exchange.expected[:1], max(0, seen + 1 - longest)):
            if data.startswith(exchange.expected, at):
                size = exchange.size
            elif data.startswith(refusal, at):
                size = EXCEPTION_SIZE
            else:
                continue
            if at >= free_from and self._checks(data, at, size):
                free_from = self._free_from(data, free_from, at)
                if at >= free_from:
                    return data[at : at + size]
        return None

    def spoilt(self, data: bytes, exchange: Exchange) -> bool:
        """Its own head, and as many bytes as it must have."""
        begins = data.startswith(exchange.expected) and len(data) >= exchange.size + RTU_CHECK
        return begins or (data.startswith(bytes(exchange.refusal)) and len(data) >= EXCEPTION_SIZE + RTU_CHECK)

    def whole(self, data: bytes) -> bool:
        """Of any size that a frame with such a head may have."""
        return any(self._checks(data, 0, size - RTU_CHECK) for size in _sizes(data, 0))

    def _free_from(self, data: bytes, start: int, at: int) -> int:
        """Where the frames of others end that begin before `at`: `at` itself, where none covers it."""
        while start < at:
            ends = [start + size for size in _sizes(data, start)]
            whole = (end for end in ends if self._checks(data, start, end - start - RTU_CHECK))
            if (end := next(whole, None)) is not None:
                start = end
            elif data[start] and any(end > len(data) for end in ends):
                return len(data)
            else:
                start += 1
        return start

    def _checks(self, data: bytes, at: int, size: int) -> bool:
        check = data[at + size : at + size + RTU_CHECK]
        return len(check) == RTU_CHECK and self._framer.check_CRC(data[at : at + size], int.from_bytes(check, "big"))


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

    def find(self, data: bytes, exchange: Exchange, seen: int = 0) -> bytes | None:  # noqa: ARG002  # it is cheap
        """In any line whose check fits."""
        for line in data.split(ASCII_START)[1:]:
            body = self._body(line)
            if len(body) == exchange.size and body.startswith(exchange.expected):
                return body
            if len(body) == EXCEPTION_SIZE and body.startswith(bytes(exchange.refusal)):
                return body
        return None

    def spoilt(self, data: bytes, exchange: Exchange) -> bool:
        """A line with its own head, to the end."""
        line, end, _ = data.partition(ASCII_END)
        heads = (exchange.expected[:2], bytes(exchange.refusal))
        return bool(end) and line.upper().startswith(tuple(ASCII_START + head.hex().upper().encode() for head in heads))

    def whole(self, data: bytes) -> bool:
        """The first line's check fits."""
        return bool(self._body(data.removeprefix(ASCII_START)))

    def _body(self, line: bytes) -> bytes:
        """Empty where it is no whole frame."""
        text, end, _ = line.partition(ASCII_END)
        try:
            frame = unhexlify(text) if end else b""
        except Error:
            return b""
        good = len(frame) > EXCEPTION_SIZE and self._framer.check_LRC(frame[:-1], frame[-1])
        return frame[:-1] if good else b""


def framing_of(link: ModbusLink) -> Framing:
    """How its bytes travel; only for a line."""
    return Ascii() if link.transport in ASCII else Rtu()


def _places(data: bytes, byte: bytes, start: int) -> Iterator[int]:
    """Where this byte stands, from there on."""
    at = data.find(byte, start)
    while at >= 0:
        yield at
        at = data.find(byte, at + 1)


def _sizes(data: bytes, at: int) -> list[int]:
    """How long a frame may be that begins here, request or reply; those of less than its head are not known yet."""
    head = data[at : at + HEAD]
    if len(head) < HEAD or head[0] > MAX_UNIT:
        return []
    counted = RTU_CHECK + HEAD + head[2]
    match head[1]:
        case 1 | 2 | 3 | 4:
            return [FIXED, counted]
        case 5 | 6:
            return [FIXED]
        case 15 | 16:
            return [FIXED, FIXED + 1 + data[at + COUNT_AT]] if len(data) > at + COUNT_AT else [FIXED]
        case 22:
            return [FIXED + 2]
        case 23:
            return [counted]
        case function if function & EXCEPTION:
            return [EXCEPTION_SIZE + RTU_CHECK]
        case _:
            return []
