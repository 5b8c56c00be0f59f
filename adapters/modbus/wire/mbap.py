"""Modbus TCP, TLS and UDP: frames with a transaction number, matched, checked, and each with its deadline."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Iterable
from random import randrange

from typing_extensions import override

from adapters.modbus.wire.exchange import EXCEPTION, EXCEPTION_SIZE, GARBLED, Exchange, Odd
from adapters.modbus.wire.frames import DATA_AT
from adapters.modbus.wire.wire import Wire
from gateway.adapter import AdapterError
from gateway.model import Bad, BadReason

HEADER = struct.Struct(">H2xHBBB")
"""Transaction, length, unit, function, and the byte after it (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
LENGTH = struct.Struct(">HH")
"""Protocol and length, from the third byte on (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
UNIT_AT = 6
"""Bytes before the unit id, which the length field does not count (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
SHORTEST = 9
"""Bytes of the shortest reply, an exception (V1.1b3, 7)."""
MIN_LENGTH = 2
"""Unit and function. A reply is longer, but some devices give an exception's length short by one."""
MAX_LENGTH = 254
"""Unit and the largest PDU (MODBUS Messaging on TCP/IP V1.0b, 4.3.2)."""
TRANSACTIONS = 65536
MAX_OVERDUE = 64
"""Numbers of requests whose time was over: what comes late comes before many more have been given up."""
BUFFER_BYTES = 8192
"""Room for 31 of the largest frames: more than one read from a socket brings of what we asked for."""


OTHER_HINT = "is the port right, or is it a bridge with transport: rtu-over-tcp?"


class Numbered(Wire):
    """Requests and replies with a number each, so that several may be under way."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # as Wire takes them
        self._overdue: deque[int] = deque(maxlen=MAX_OVERDUE)
        self._number = randrange(TRANSACTIONS)  # what was asked through another connection may be answered on this one

    @override
    def send(self, exchange: Exchange) -> bytes:
        """Write a request, and return it as sent; one of its two methods is called later, never before this returns."""
        self.counters.requests += 1
        number = self._number = (self._number + 1) % TRANSACTIONS
        while number in self.in_flight:
            number = self._number = (number + 1) % TRANSACTIONS
        self.in_flight[number] = exchange
        self._watch(exchange)
        if not exchange.framed:
            exchange.framed = _headed(exchange.request, len(exchange.request))
            exchange.sign = _headed(exchange.expected, exchange.size)
        frame = number.to_bytes(2, "big") + exchange.framed
        self._put(frame)
        if self.tap is not None:
            self._show("tx", frame)
        return frame

    @override
    def _take(self, numbers: list[int]) -> list[Exchange]:
        self._overdue.extend(numbers)
        return super()._take(numbers)

    def _put(self, frame: bytes) -> None:
        raise NotImplementedError

    def _frames(self, buffer: bytes | bytearray, end: int) -> int:
        """Deal with every whole frame up to `end`; where the first that is not whole begins."""
        in_flight = self.in_flight
        start = 0
        while end - start >= SHORTEST:
            number = buffer[start] << 8 | buffer[start + 1]
            exchange = in_flight.get(number)
            if exchange is not None and buffer.startswith(exchange.sign, start + 2):
                stop = start + UNIT_AT + exchange.size
                if stop > end:
                    break
                del in_flight[number]
                exchange.arrived(buffer, start + UNIT_AT + DATA_AT)
            else:
                stop = self._odd(buffer, start, end)
                if stop == start:
                    break
            start = stop
        return start

    def _odd(self, buffer: bytes | bytearray, start: int, end: int) -> int:
        """Deal with a frame that is not the good reply to a request; the end of it, or `start` to wait for more."""
        number, length, unit, function, code = HEADER.unpack_from(buffer, start)
        if not self._plausible(buffer, start):
            return end
        if length == MIN_LENGTH and function & EXCEPTION:
            length = EXCEPTION_SIZE
        stop: int = start + UNIT_AT + length
        if stop > end:
            return start
        exchange = self.in_flight.pop(number, None)
        if exchange is None:
            self.counters.late += 1
            self.odd(unit, self._oddity(number))
            self._unasked(stop - start)
        elif (unit, function, length) == (*exchange.refusal, EXCEPTION_SIZE):
            self.counters.exceptions += 1
            exchange.failed(Bad(BadReason.DEVICE_ERROR, code=code))
        else:
            self.counters.garbage += 1
            if unit != (asked := exchange.expected[0]):
                self.odd(asked, Odd.STRANGER)
            exchange.failed(GARBLED)
        return stop

    def _oddity(self, number: int) -> Odd:
        """What is amiss with a reply that nobody waits for."""
        if number in self._overdue:
            return Odd.LATE
        is_ours = (self._number - number) % TRANSACTIONS < self.counters.requests
        return Odd.TWICE if is_ours else Odd.UNNUMBERED

    def _plausible(self, buffer: bytes | bytearray, start: int) -> bool:
        """Whether a frame can begin so; else nothing marks where the next one begins."""
        protocol, length = LENGTH.unpack_from(buffer, start + 2)
        if protocol or not MIN_LENGTH <= length <= MAX_LENGTH:
            self.counters.garbage += 1
            self._nonsense(len(buffer) - start)
            return False
        return True

    def _nonsense(self, count: int) -> None:
        """What has come is no frame, so many bytes of it."""
        self._unasked(count)

    def _ended(self) -> None:
        """Requests may have ended: the next ones go, after the pause that the device wants."""
        if self._pace.between_s:
            self._rest(self._pace.between_s)
        elif self.open:
            self.idle()


class Stream(Numbered, asyncio.BufferedProtocol):
    """Over TCP or TLS."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._filled :] if self._filled else self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Take every whole frame out of what has arrived."""
        self.heard_s = self._loop.time()
        buffer = self._buffer
        if self.tap is not None:
            self._show("rx", bytes(buffer[self._filled : self._filled + nbytes]))
        end = self._filled + nbytes
        start = self._frames(buffer, end)
        self._filled = end - start
        if self._filled:
            if start:
                buffer[: self._filled] = buffer[start:end]
            if self._filled >= UNIT_AT:
                self._plausible(buffer, 0)
        self._ended()

    @override
    def _put(self, frame: bytes) -> None:
        self._transport.write(frame)  # type: ignore[union-attr]  # a stream's

    @override
    def _nonsense(self, count: int) -> None:
        self.lose(AdapterError(f"{self._peer} sent what is not Modbus TCP: {OTHER_HINT}"))

    @override
    def _give_up(self, late: Iterable[Exchange]) -> None:
        late = list(late)
        super()._give_up(late)
        if late and self._filled and not self._is_awaited:
            self.lose(AdapterError(f"{self._peer} stopped in the middle of a reply"))

    @property
    def _is_awaited(self) -> bool:
        """Whether the reply of which a part has come may be that to a request whose time is not over."""
        buffer = self._buffer
        return bool(self.in_flight) if self._filled == 1 else (buffer[0] << 8 | buffer[1]) in self.in_flight


class Datagrams(Numbered, asyncio.DatagramProtocol):
    """Over UDP: each datagram is one frame, and what is none hurts nobody."""

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Find its request."""
        self.heard_s = self._loop.time()
        if self.tap is not None:
            self._show("rx", data)
        try:
            if self._frames(data, len(data)) < len(data):
                self.counters.garbage += 1
            self._ended()
        except Exception as error:  # noqa: BLE001  # unlike a stream's, asyncio lets a defect pass and goes on
            self.lose(error)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        self.lose(self._reason(exc))

    @override
    def _put(self, frame: bytes) -> None:
        self._transport.sendto(frame)  # type: ignore[union-attr]  # a datagram's


def _headed(body: bytes, size: int) -> bytes:
    """Protocol and length before it."""
    return LENGTH.pack(0, size) + body
