"""A line without transaction numbers: RTU and ASCII, on a serial port or through TCP. One request at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from typing_extensions import override

from adapters.modbus.wire.exact import Timer
from adapters.modbus.wire.exchange import EXCEPTION, GARBLED, TIMED_OUT, Exchange, Odd
from adapters.modbus.wire.frames import DATA_AT
from adapters.modbus.wire.framing import Framing
from adapters.modbus.wire.owed import LATE_S, READS, TELLING, Owed
from adapters.modbus.wire.said import Said
from adapters.modbus.wire.wire import NO_PAUSE, Pace, Wire
from gateway.model import Bad, BadReason

LINE = 0
"""The one request under way has no number."""
DRAIN_S = 0.05
"""After a fault and at first the line must be quiet for so long: adapters hand on what has come up to 40 ms late."""
NOISE_S = 1.0
"""But no longer than this: a line that is never quiet is used all the same, and checks tell replies from noise."""
GAP_S = 0.1
"""When a reply has come whole but damaged, and so long nothing more: within a frame no adapter rests so."""
MAX_HEARD_BYTES = 2048
"""To one request: four of the longest frames (ASCII). Who says more babbles, and nothing of it is believed."""
SMALL = 6
"""Bytes of a request to read, but for what the frame adds (MODBUS Application Protocol V1.1b3, 6.1 to 6.4)."""
WIRE_SHARE = 0.9
"""Of the time that request and reply need on the wire: devices' clocks may be some percent fast, not ten."""
SHORTEST = 4
"""Bytes: less may be a stray that comes when a driver is switched, and says nothing."""


class Line(Wire, asyncio.Protocol):
    """Who hears a reply twice must not take the second for another's: `again` is told what has to be asked anew."""

    owed: Owed

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        peer: str,
        framing: Framing,
        timer: Timer,
        pace: Pace = NO_PAUSE,
        *,
        echo: bool | None = None,
    ) -> None:
        super().__init__(loop, peer, 1, pace)
        self.owed = Owed()
        self.again: Callable[[Exchange], None] = _forget
        self._framing = framing
        self._timer = timer
        self._echo = echo
        self._echo_is_told = echo is not None
        self._data = bytearray()
        self._seen = 0
        self._resting_since_s: float | None = None
        self._rest_s = 0.0
        self._gap: asyncio.TimerHandle | None = None
        self._said: defaultdict[int, Said] = defaultdict(Said)
        self._last = b""
        self._strayed = bytearray()
        self._soonest_s = 0.0
        self._is_hasty = False  # USB devices and pseudo terminals are, whose baud rate means nothing
        self._asked = 0
        self._sure: Exchange | None = None

    @property
    @override
    def takes(self) -> bool:
        """Whether a request may be sent now."""
        return self.open and not self.in_flight and self._resting_since_s is None

    @override
    def in_doubt(self, exchange: Exchange) -> bool:
        """Whether something else could be taken for the reply: what is owed, or was said, or our own words."""
        now_s = self._loop.time()
        if exchange.expected[1] not in READS and (
            self._echo is None or self._said[exchange.expected[0]].confirms(exchange, now_s)
        ):
            return True
        return self.owed.mistakable(exchange.expected, now_s)

    def answers(self, unit: int) -> int:
        """How many have come from this unit whose check fits, exceptions too."""
        return self._said[unit].answers

    @override
    def vain_s(self, timeout_s: float) -> float:
        """Likewise; nothing else is under way."""
        return vain_s(timeout_s, self._framing, self._pace)

    @override
    def send(self, exchange: Exchange) -> bytes:
        """Write a request, and return it as sent; one of its two methods is called later, never before this returns."""
        self.counters.requests += 1
        self.in_flight[LINE] = exchange
        if not exchange.framed:
            exchange.framed = self._framing.frame(exchange.request)
        frame = exchange.framed
        self._asked = exchange.expected[0]
        self._data.clear()
        self._seen = 0
        travel = (len(frame) + self._framing.length(exchange.size)) * self._pace.character_s
        self._watch(exchange, travel + self._pace.silence_s)
        self._soonest_s = exchange.deadline_s - exchange.timeout_s - self._pace.silence_s - (1 - WIRE_SHARE) * travel
        self._transport.write(frame)  # type: ignore[union-attr]  # a stream's
        if self.tap is not None:
            self._show("tx", frame)
        return frame

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Requests may be sent, once the line has been silent: bridges hand on what came before."""
        super().connection_made(transport)
        self._rest(max(self._pace.silence_s, self._pace.after_connect_s, DRAIN_S))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes; whoever waits for a reply is told."""
        self._timer.close()
        if self._gap is not None:
            self._gap.cancel()
        for exchange in self.in_flight.values():
            self.owed.missed(exchange.expected, self._loop.time())
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a reply, or what nobody asked for."""
        self.heard_s = self._loop.time()
        if self.tap is not None:
            self._show("rx", data)
        exchange = self.in_flight.get(LINE)
        if exchange is None:
            self._stray(data)
            self._unasked(len(data))
        elif len(self._data) < MAX_HEARD_BYTES:
            self._data += data
            self._look(exchange)
        else:
            self._unasked(len(data))

    def _look(self, exchange: Exchange) -> None:
        """Whether the reply is there."""
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        data = self._after_echo(exchange) if len(self._data) < MAX_HEARD_BYTES else b""
        body = self._framing.find(data, exchange, self._seen if self._seen <= len(data) else 0)
        self._seen = len(data)
        if body is not None:
            self._answered(exchange, body, data)
        elif self._framing.spoilt(data, exchange):
            self._gap = self._loop.call_later(GAP_S, self._hopeless)

    def _after_echo(self, exchange: Exchange) -> bytes:
        """What has come besides our own words, which could be taken for the reply to a write."""
        data, frame = bytes(self._data), exchange.framed
        if self._echo is False:
            return data
        before, echo, after = data.partition(frame)
        if echo and (self._echo or not before):
            return after
        is_read = exchange.expected[1] in READS
        return data if is_read and not frame.startswith(data) else b""

    def _learn_echo(self, exchange: Exchange) -> None:
        """A read has its reply: our own words have come before it, or never will."""
        if not self._echo_is_told and exchange.expected[1] in READS:
            self._echo = exchange.framed in self._data

    def _answered(self, exchange: Exchange, body: bytes, data: bytes) -> None:
        """A frame that answers this request, by all that can be seen of it."""
        self._learn_echo(exchange)
        now_s = self._loop.time()
        said = self._said[body[0]]
        spare = len(data) - self._framing.length(len(body))
        if self._doubtful(exchange, body, said, now_s, spare):
            self._ask_again(exchange)
            return
        del self.in_flight[LINE]
        if exchange is self._sure or not body[1] & EXCEPTION:  # a refused question has served its purpose, too
            self._sure = None
        if len(self._data) > len(exchange.framed) + self._framing.length(len(body)):
            self.counters.garbage += 1
        if spare >= SHORTEST:
            self._explain(data.replace(self._framing.frame(body), b"", 1), body)
        said.request, said.body, said.at_s = exchange.request, body, now_s
        said.answers += 1
        self._last = body
        checked_s = now_s - self.heard_s  # silent, too
        self._rest(self._pace.silence_s + self._pace.between_s - checked_s)
        if body[1] & EXCEPTION:
            self.counters.exceptions += 1
            self.owed.refused(exchange.expected, now_s)
            exchange.failed(Bad(BadReason.DEVICE_ERROR, code=body[2]))
        else:
            self.owed.answered(exchange.expected)
            exchange.arrived(body, DATA_AT)

    def _doubtful(self, exchange: Exchange, body: bytes, said: Said, now_s: float, spare: int) -> bool:
        """Whether it may be the last reply for a second time; so many bytes have come besides it."""
        is_early = now_s < self._soonest_s
        if exchange is self._sure or said.body != body or body[1] not in TELLING or now_s - said.at_s >= LATE_S:
            if not body[1] & EXCEPTION:  # it is shorter than what was awaited
                self._is_hasty = is_early
            return False
        if is_early and not self._is_hasty:
            self.odd(body[0], Odd.TWICE)
            return True
        is_another_there = spare >= self._framing.length(len(body))
        return is_another_there or said.request != exchange.request or said.stutters(now_s)

    def _ask_again(self, exchange: Exchange) -> None:
        """Its own reply may still come: that must have been and gone before it is asked anew."""
        del self.in_flight[LINE]
        if exchange.expected[1] not in READS:  # it also writes, and is never done twice
            self._missed(exchange, GARBLED)
            return
        self.owed.missed(exchange.expected, self._loop.time())
        self._sure = exchange
        self._rest(max(self._pace.silence_s, DRAIN_S))
        self.again(exchange)

    def _hopeless(self) -> None:
        """The reply has come damaged, and no more comes."""
        self._gap = None
        exchange = self.in_flight.pop(LINE, None)
        if exchange is None:
            return
        try:
            self.counters.garbage += 1
            self.odd(exchange.expected[0], Odd.DAMAGED)
            self._missed(exchange, GARBLED)
        except Exception as error:  # noqa: BLE001  # a timer has no task that could fail: the link does
            self.lose(error)

    @override
    def _give_up(self, late: Iterable[Exchange]) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        for exchange in late:
            data = self._after_echo(exchange)
            heard = len(data) >= SHORTEST
            self.counters.garbage += heard
            if heard and not self._explain(data) and not self._framing.whole(data):
                self.odd(exchange.expected[0], Odd.DAMAGED)
            self._missed(exchange, GARBLED if heard else TIMED_OUT)

    def _missed(self, exchange: Exchange, bad: Bad) -> None:
        self.owed.missed(exchange.expected, self._loop.time())
        self._rest(max(self._pace.silence_s, DRAIN_S))
        exchange.failed(bad)

    def _explain(self, data: bytes, reply: bytes = b"") -> bool:
        """Whether what has come besides this `reply` is one that comes twice, or late: then tell of it."""
        for body in (self._last, reply):
            if body and self._framing.frame(body) in data:
                self.odd(body[0], Odd.TWICE)
                return True
        for missing in self.owed.missing:
            if self._framing.find(data, Exchange(missing, 0.0)) is not None:
                self.odd(missing.expected[0], Odd.LATE)
                return True
        return False

    def _stray(self, data: bytes) -> None:
        """Something came that nobody waits for: the line must be silent again before the next request."""
        now_s = self._loop.time()
        self.counters.late += 1
        self._said[self._asked].stuttered_s = now_s
        if len(self._strayed) < MAX_HEARD_BYTES:
            self._strayed += data
        since_s = self._resting_since_s
        if since_s is not None and now_s - since_s < NOISE_S:
            self._timer.after(max(self._rest_s, DRAIN_S), self._rested)
        elif since_s is None:
            self._rest(max(self._pace.silence_s, DRAIN_S))

    @override
    def _rest(self, for_s: float) -> None:
        self._resting_since_s = self._loop.time()
        self._rest_s = for_s
        if for_s > 0:
            self._timer.after(for_s, self._rested)
        else:
            self._loop.call_soon(self._rested)

    @override
    def _rested(self) -> None:
        self._resting_since_s = None
        super()._rested()
        if self._strayed:
            strayed = bytes(self._strayed)
            self._strayed.clear()
            self._explain(strayed)


def vain_s(timeout_s: float, framing: Framing, pace: Pace) -> float:
    """How long a small request takes a line that is not answered: with the way there and back, and the quiet after."""
    travel_s = 2 * framing.length(SMALL) * pace.character_s
    return timeout_s + travel_s + pace.silence_s + max(pace.silence_s, DRAIN_S)


def _forget(_exchange: Exchange) -> None:
    pass
