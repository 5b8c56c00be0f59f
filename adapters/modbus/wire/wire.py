"""What every connection is to the bus: requests go out, each ends once, until the connection is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from adapters.modbus.wire.exchange import LINK_LOST, TIMED_OUT, Counters, Exchange, Odd
from adapters.modbus.wire.owed import Owed
from gateway.adapter import AdapterError, Direction, Tap, Unheard

EARLY_S = 0.001
"""A timer may fire so much before its moment."""

BABBLE_BYTES = 262_144
"""In a second, of what nobody asked for: more than any RS-485 line in the field carries, at 1 Mbaud. Who sends so
much would keep the processor busy, and hears nothing."""
BABBLE_S = 1.0


HUNG_UP_HINT = "another client may hold its only place, or it lets only some addresses in, or another program is there"


class Pace(NamedTuple):
    """What takes time on a wire, in seconds; nothing, through a network.

    `after_connect_s` and `between_s` (an answer and the next request): without a request, at least. `character_s`: on
    a serial line; `silence_s`: it is silent for so long between frames.
    """

    after_connect_s: float = 0.0
    between_s: float = 0.0
    character_s: float = 0.0
    silence_s: float = 0.0


NO_PAUSE = Pace()


class Wire(asyncio.BaseProtocol):
    """One connection: while `open`, it calls `idle` when it takes requests again; `lost` raises why it no longer is.

    `owed` is what must not be mistaken for the reply to the next request, where nothing numbers them.
    """

    owed: Owed | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop, peer: str, limit: int = 1, pace: Pace = NO_PAUSE) -> None:
        self.open = False
        self.in_flight: dict[int, Exchange] = {}
        self.lost: asyncio.Future[None] = loop.create_future()
        self.counters = Counters()
        self.heard_s = self._made_s = loop.time()
        self.idle: Callable[[], None] = _nothing
        self.more: Callable[[], bool] = _no_more
        """Whether more requests wait for their turn."""
        self.odd: Callable[[int, Odd], None] = _unheeded
        """Told of each answer that is amiss, and whose it is: a unit id."""
        self.tap: Tap | None = None
        self._loop = loop
        self._peer = peer
        self._limit = limit
        self._pace = pace
        self._resting: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._babbled_bytes = 0
        self._babbles_since_s = self.heard_s

    @property
    def takes(self) -> bool:
        """Whether a request may be sent now."""
        return self.open and len(self.in_flight) < self._limit and self._resting is None

    def in_doubt(self, exchange: Exchange) -> bool:  # noqa: ARG002  # numbers leave none
        """Whether something else could be taken for its reply: then a question goes first."""
        return False

    @property
    def limit(self) -> int:
        """How many requests may be under way at once."""
        return self._limit

    def vain_s(self, timeout_s: float) -> float:
        """How long a small request keeps a place on the wire when it is not answered in this time."""
        return timeout_s / self._limit

    def send(self, exchange: Exchange) -> bytes:
        """Write a request, and return it as sent; one of its two methods is called later, never before this returns."""
        raise NotImplementedError

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
        assert isinstance(transport, asyncio.Transport | asyncio.DatagramTransport)
        self._transport = transport
        self.open = True
        if self._pace.after_connect_s:
            self._rest(self._pace.after_connect_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes; whoever waits for a reply is told."""
        self.open = False
        if not self.lost.done():
            self.lost.set_exception(self._reason(exc))
            self.lost.exception()  # seen: after a cancelled connect nobody waits for it
        for timer in (self._alarm, self._resting):
            if timer is not None:
                timer.cancel()
        self._alarm = None
        self._closed.set()
        for exchange in self._take(list(self.in_flight)):
            exchange.failed(LINK_LOST)

    def _watch(self, exchange: Exchange, extra_s: float = 0.0) -> None:
        """Fail it when its time is over."""
        exchange.deadline_s = deadline_s = self._loop.time() + exchange.timeout_s + extra_s
        if self._alarm is None:
            self._alarm = self._loop.call_at(deadline_s, self._time_out)
        elif deadline_s < self._alarm.when():
            self._alarm.cancel()
            self._alarm = self._loop.call_at(deadline_s, self._time_out)

    def _time_out(self) -> None:
        now_s = self._loop.time()
        late = [number for number, exchange in self.in_flight.items() if exchange.deadline_s <= now_s + EARLY_S]
        self.counters.timeouts += len(late)
        self._alarm = None
        if waiting := [exchange.deadline_s for number, exchange in self.in_flight.items() if number not in late]:
            self._alarm = self._loop.call_at(min(waiting), self._time_out)
        try:
            self._give_up(self._take(late))
            if self.takes:
                self.idle()
        except Exception as error:  # noqa: BLE001  # a timer has no task that could fail: the link does
            self.lose(error)

    def _give_up(self, late: Iterable[Exchange]) -> None:
        """These have had no reply in time."""
        for exchange in late:
            exchange.failed(TIMED_OUT)

    def _rest(self, for_s: float) -> None:
        """Take no request for so long."""
        if self._resting is not None:
            self._resting.cancel()
        self._resting = self._loop.call_later(for_s, self._rested)

    def _rested(self) -> None:
        self._resting = None
        try:
            if self.takes:
                self.idle()
        except Exception as error:  # noqa: BLE001  # a timer has no task that could fail: the link does
            self.lose(error)

    def _unasked(self, count: int) -> None:
        """So many bytes have come that are no part of an answer: whoever sends them without end is cut off."""
        now_s = self._loop.time()
        if now_s - self._babbles_since_s > BABBLE_S:
            self._babbled_bytes, self._babbles_since_s = 0, now_s
        self._babbled_bytes += count
        if self._babbled_bytes > BABBLE_BYTES:
            self.lose(
                AdapterError(f"{self._peer} sends without end what nobody asked for: is it the right one, and well?")
            )

    def _show(self, direction: Direction, data: bytes) -> None:
        """Let the tap see it; one that fails is taken off and told of, and the bus goes on."""
        assert self.tap is not None
        try:
            self.tap(direction, data)
        except Exception as error:  # noqa: BLE001  # a looker-on may not cost the link
            self.tap = None
            self._loop.call_exception_handler({"message": f"the tap on {self._peer} failed", "exception": error})

    def _take(self, numbers: list[int]) -> list[Exchange]:
        return [self.in_flight.pop(number) for number in numbers]

    def _reason(self, exc: Exception | None) -> Exception:
        """What ended the connection: an error of ours that asyncio caught stays what it is."""
        if (exc is None or isinstance(exc, ConnectionResetError)) and self._is_idle:
            return Unheard(f"{self._peer} closed the connection, on which nothing was asked just then")
        if exc is None:
            hint = f" without an answer: {HUNG_UP_HINT}" if self.heard_s == self._made_s else ""
            return AdapterError(f"{self._peer} closed the connection{hint}")
        if isinstance(exc, OSError):
            return AdapterError(f"the connection to {self._peer} broke: {exc.strerror or exc}")
        return exc

    @property
    def _is_idle(self) -> bool:
        """Whether it has served, and nobody waits for anything: many devices close what is not used for a while."""
        return not self.in_flight and not self.more() and self.heard_s > self._made_s


def _nothing() -> None:
    pass


def _no_more() -> bool:
    return False


def _unheeded(_unit: int, _odd: Odd) -> None:
    pass
