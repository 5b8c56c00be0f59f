"""Requests and replies on one Modbus TCP connection: matched, checked, and each with its deadline."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass

from adapters.modbus.frames import DATA_AT, Frames
from gateway.adapter import AdapterError, Direction, Tap
from gateway.model import Bad, BadReason

HEADER = struct.Struct(">H2xHBBB")
"""Transaction, length, unit, function, and the byte after it (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
LENGTH = struct.Struct(">HH")
"""Protocol and length, from the third byte on (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
BEFORE_LENGTH = 6
"""Bytes that the length field does not count (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
MIN_LENGTH = 2
"""Unit and function. A reply is longer, but some devices give an exception's length short by one."""
MAX_LENGTH = 254
"""Unit and the largest PDU (MODBUS Messaging on TCP/IP V1.0b, 4.3.2)."""
EXCEPTION = 0x80
"""Set in the function code of an exception reply (MODBUS Application Protocol V1.1b3, 4.1)."""
EXCEPTION_LENGTH = 3
"""Unit, function, code (MODBUS Application Protocol V1.1b3, 7)."""
UNIT_AT = 6
"""Where the unit id stands in a frame (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""
SHORTEST = 9
"""Bytes of the shortest reply, an exception (V1.1b3, 7)."""
TRANSACTIONS = 65536
BUFFER_BYTES = 8192
"""Room for 31 of the largest frames: more than one read from a socket brings of what we asked for."""
EARLY_S = 0.001
"""A timer may fire so much before its moment."""

TIMED_OUT = Bad(BadReason.TIMEOUT)
GARBLED = Bad(BadReason.DECODE_ERROR)
LINK_LOST = Bad(BadReason.NO_LINK)


class Exchange:
    """A request and the reply it must get; reusable once it has ended.

    `framed` and `sign` are the wire's own: the frame, and the beginning of its reply, but for the transaction number.
    """

    __slots__ = ("deadline_s", "expected", "framed", "request", "sign", "size", "timeout_s")

    def __init__(self, frames: Frames, timeout_s: float) -> None:
        self.request, self.expected, self.size = frames
        self.timeout_s = timeout_s
        self.deadline_s = 0.0
        self.framed = self.sign = b""

    @property
    def refusal(self) -> tuple[int, int]:
        """Unit and function of an exception reply to it."""
        return self.expected[0], self.expected[1] | EXCEPTION

    def arrived(self, buffer: bytearray, at: int) -> None:
        """The reply is good; its data, if any, is in `buffer` from `at` on, only until this returns."""
        raise NotImplementedError

    def failed(self, bad: Bad) -> None:
        """No reply in time, an exception, a reply that does not fit, or the connection is gone."""
        raise NotImplementedError


@dataclass(slots=True)
class Counters:
    """What happened on a link since it connected.

    `late` came when nobody waited any more (or twice), `garbage` is no answer to what was asked.
    """

    requests: int = 0
    exceptions: int = 0
    timeouts: int = 0
    late: int = 0
    garbage: int = 0


class Wire(asyncio.BufferedProtocol):
    """One connection: while `open`, it calls `idle` when requests have ended; `lost` raises why it no longer is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, peer: str) -> None:
        self.open = False
        self.in_flight: dict[int, Exchange] = {}
        self.lost: asyncio.Future[None] = loop.create_future()
        self.counters = Counters()
        self.heard_s = loop.time()
        self.idle: Callable[[], None] = _nothing
        self.tap: Tap | None = None
        self._loop = loop
        self._peer = peer
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self._tid = 0
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._alarm: asyncio.TimerHandle | None = None

    def send(self, exchange: Exchange) -> bytes:
        """Write a request, and return it as sent; one of its two methods is called later, never before this returns."""
        assert self._transport is not None
        self.counters.requests += 1
        tid = self._tid = (self._tid + 1) % TRANSACTIONS
        while tid in self.in_flight:
            tid = self._tid = (tid + 1) % TRANSACTIONS
        self.in_flight[tid] = exchange
        exchange.deadline_s = deadline_s = self._loop.time() + exchange.timeout_s
        if self._alarm is None:
            self._alarm = self._loop.call_at(deadline_s, self._time_out)
        elif deadline_s < self._alarm.when():
            self._alarm.cancel()
            self._alarm = self._loop.call_at(deadline_s, self._time_out)
        if not exchange.framed:
            exchange.framed = _headed(exchange.request, len(exchange.request))
            exchange.sign = _headed(exchange.expected, exchange.size)
        frame = tid.to_bytes(2, "big") + exchange.framed
        self._transport.write(frame)
        if self.tap is not None:
            self._show("tx", frame)
        return frame

    def lose(self, error: Exception) -> None:
        """Give the connection up for this reason; the first one counts."""
        self.open = False
        if not self.lost.done():
            self.lost.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Close the connection and wait until it is."""
        self.open = False
        if not self.lost.cancel() and not self.lost.cancelled():
            self.lost.exception()  # its reason has been told, or nobody waits for it any more
        if self._transport is not None:
            self._transport.abort()
            await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Requests may be sent."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes; whoever waits for a reply is told."""
        self.open = False
        if not self.lost.done():
            self.lost.set_exception(self._reason(exc))
            self.lost.exception()  # seen: after a cancelled connect nobody waits for it
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._closed.set()
        for exchange in self._take(list(self.in_flight)):
            exchange.failed(LINK_LOST)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._filled :] if self._filled else self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Take every whole frame out of what has arrived."""
        self.heard_s = self._loop.time()
        buffer, in_flight = self._buffer, self.in_flight
        if self.tap is not None:
            self._show("rx", bytes(buffer[self._filled : self._filled + nbytes]))
        end = self._filled + nbytes
        start = 0
        while end - start >= SHORTEST:
            exchange = in_flight.get(buffer[start] << 8 | buffer[start + 1])
            if exchange is not None and buffer.startswith(exchange.sign, start + 2):
                stop = start + UNIT_AT + exchange.size
                if stop > end:
                    break
                del in_flight[buffer[start] << 8 | buffer[start + 1]]
                exchange.arrived(buffer, start + UNIT_AT + DATA_AT)
            else:
                stop = self._odd(start, end)
                if stop == start:
                    break
            start = stop
        self._keep(start, end)
        if self.open:
            self.idle()

    def _show(self, direction: Direction, data: bytes) -> None:
        """Let the tap see it; one that fails is taken off and told of, and the bus goes on."""
        assert self.tap is not None
        try:
            self.tap(direction, data)
        except Exception as error:  # noqa: BLE001  # a looker-on may not cost the link
            self.tap = None
            self._loop.call_exception_handler({"message": f"the tap on {self._peer} failed", "exception": error})

    def _odd(self, start: int, end: int) -> int:
        """Deal with a frame that is not the good reply to a request; the end of it, or `start` to wait for more."""
        tid, length, unit, function, code = HEADER.unpack_from(self._buffer, start)
        if not self._plausible(start):
            return end
        if length == MIN_LENGTH and function & EXCEPTION:
            length = EXCEPTION_LENGTH
        stop: int = start + BEFORE_LENGTH + length
        if stop > end:
            return start
        exchange = self.in_flight.pop(tid, None)
        if exchange is None:
            self.counters.late += 1
        elif (unit, function, length) == (*exchange.refusal, EXCEPTION_LENGTH):
            self.counters.exceptions += 1
            exchange.failed(Bad(BadReason.DEVICE_ERROR, code=code))
        else:
            self.counters.garbage += 1
            exchange.failed(GARBLED)
        return stop

    def _plausible(self, start: int) -> bool:
        """Whether a frame can begin so; else the connection is given up, as nothing marks where the next one begins."""
        protocol, length = LENGTH.unpack_from(self._buffer, start + 2)
        if protocol or not MIN_LENGTH <= length <= MAX_LENGTH:
            self.counters.garbage += 1
            self.lose(AdapterError(f"{self._peer} sent what is not Modbus TCP"))
            return False
        return True

    def _keep(self, start: int, end: int) -> None:
        """Move the beginning of a frame to the front of the buffer."""
        self._filled = end - start
        if self._filled and start:
            self._buffer[: self._filled] = self._buffer[start:end]
        if self._filled >= BEFORE_LENGTH:
            self._plausible(0)

    def _time_out(self) -> None:
        now_s = self._loop.time()
        late = [tid for tid, exchange in self.in_flight.items() if exchange.deadline_s <= now_s + EARLY_S]
        self.counters.timeouts += len(late)
        self._alarm = None
        if waiting := [exchange.deadline_s for tid, exchange in self.in_flight.items() if tid not in late]:
            self._alarm = self._loop.call_at(min(waiting), self._time_out)
        try:
            for exchange in self._take(late):
                exchange.failed(TIMED_OUT)
            if late and self._filled:
                self.lose(AdapterError(f"{self._peer} stopped in the middle of a reply"))
            if self.open:
                self.idle()
        except Exception as error:  # noqa: BLE001  # a timer has no task that could fail: the link does
            self.lose(error)

    def _take(self, tids: list[int]) -> list[Exchange]:
        return [self.in_flight.pop(tid) for tid in tids]

    def _reason(self, exc: Exception | None) -> Exception:
        """What ended the connection: an error of ours that asyncio caught stays what it is."""
        if exc is None:
            return AdapterError(f"{self._peer} closed the connection")
        if isinstance(exc, OSError):
            return AdapterError(f"the connection to {self._peer} broke: {exc.strerror or exc}")
        return exc


def _headed(body: bytes, size: int) -> bytes:
    """Protocol and length before it."""
    return LENGTH.pack(0, size) + body


def _nothing() -> None:
    pass
