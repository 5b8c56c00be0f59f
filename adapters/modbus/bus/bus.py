"""One scheduler per link: commands first, as far as polls keep their share, then polls in the order due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from adapters.modbus.bus.awaited import Ask, Awaited, NotSent, Outcome, Probe, Question
from adapters.modbus.bus.doubts import Doubts
from adapters.modbus.wire.exchange import LINK_LOST, TIMED_OUT, Exchange
from adapters.modbus.wire.frames import Frames
from adapters.modbus.wire.line import Line
from adapters.modbus.wire.wire import Wire
from gateway.line import Agenda, Load, Turns
from gateway.model import Bad

DEAD_SHARE = 0.05
"""Of the bus's time, for all that is dead together."""


class Bus:
    """Who is next on the wire; polls keep `poll_share` of the time for which commands want it, too."""

    def __init__(self, wire: Wire, poll_share: float) -> None:
        self.wire = wire
        wire.idle = self.pump
        wire.more = self._more
        if isinstance(wire, Line):
            wire.again = self._again
        self._asks: deque[Ask] = deque()
        self._polls: Agenda[Exchange] = Agenda()
        self._doubts = Doubts()
        self._turns = Turns(poll_share)
        self._contested = self._held = False
        self._asks_in_flight = 0
        self._loop = asyncio.get_running_loop()
        self._probe_after_s = 0.0

    def poll(self, exchanges: Iterable[Exchange], due_s: float, *, doubtful: bool = False) -> None:
        """Send these when it is their turn, by this deadline (the loop's clock): at once if the bus is idle.

        Those that may well be in vain get no more than half of the time that others want, too.
        """
        (self._doubts.waiting if doubtful else self._polls).add(exchanges, due_s)
        self.pump()

    def withdraw(self, exchange: Exchange) -> bool:
        """Take back a poll's request; False if it has been sent."""
        return self._polls.remove(exchange) or self._doubts.waiting.remove(exchange)

    async def ask(self, ask: Ask) -> Outcome:
        """Send this before any poll, unless polls are short of their share, and wait for what becomes of it."""
        if not self.wire.open:
            return NotSent.NO_LINK
        if not self._contested:
            self._contested = True
            self._turns.charge(self._loop.time())
            self._turns.note(self._load)
        self._asks.append(ask)
        self.pump()
        timer = self._loop.call_at(ask.not_after_s, self._expire, ask)
        try:
            return await ask.outcome
        finally:
            timer.cancel()

    async def look(self, probe: Probe) -> Outcome:
        """Send this in turn with the polls, and wait for what becomes of it."""
        if not self.wire.open:
            return NotSent.NO_LINK
        self.poll((probe,), self._loop.time() + probe.timeout_s)
        try:
            return await probe.outcome
        finally:
            self.withdraw(probe)

    @property
    def busy(self) -> bool:
        """Whether anything waits or is under way."""
        return self._more() or bool(self.wire.in_flight)

    def pump(self) -> None:
        """Send as much as may be under way."""
        if self._contested:
            self._share_out()
            return
        wire, polls = self.wire, self._polls
        if self._doubts:
            self._pump_doubts()
            return
        while polls and wire.takes:
            self._send(polls.next())

    def stop(self) -> None:
        """Nothing is sent any more."""
        for exchange in (*self._asks, *self._polls, *self._doubts.waiting):
            if isinstance(exchange, Awaited):
                exchange.end(NotSent.NO_LINK)
        self._asks.clear()
        self._polls.clear()
        self._doubts.waiting.clear()

    def may_probe(self, now_s: float) -> bool:
        """Whether something dead may be tried now."""
        return now_s >= self._probe_after_s

    def probed(self, now_s: float, timeout_s: float) -> None:
        """Something dead is tried, or was, which has so long to answer."""
        self._probe_after_s = now_s + self.rest_after(timeout_s)

    def rest_after(self, timeout_s: float) -> float:
        """For how long nothing dead is tried, from the beginning of a try in vain on."""
        return self.wire.vain_s(timeout_s) / DEAD_SHARE

    def _pump_doubts(self) -> None:
        """The same while some of what is asked may be in vain."""
        now_s = self._loop.time()
        self._doubts.settle(self.wire.in_flight.values(), now_s, self.wire.limit)
        while self.wire.takes and (self._polls or self._doubts.waiting):
            self._send_poll(now_s)

    def _send_poll(self, now_s: float) -> None:
        """The next poll: one that may be in vain when it is due, and others have had as much time as such ones."""
        doubts, polls = self._doubts, self._polls
        if doubts.waiting and (not polls or (doubts.may_try(now_s) and doubts.waiting.due_s <= polls.due_s)):
            doubts.tried(self._send(doubts.waiting.next()), now_s)
        else:
            self._send(polls.next())

    def _send(self, exchange: Exchange) -> Exchange | None:
        """On the wire with it; before it, where its reply could be mistaken, a question: what was sent."""
        wire = self.wire
        if wire.owed is not None and wire.in_doubt(exchange):
            return self._ask_first(wire.owed.question(exchange.request), exchange)
        frame = wire.send(exchange)
        if isinstance(exchange, Ask) and exchange.wrote is not None:
            exchange.wrote(frame)
        return exchange

    def _ask_first(self, frames: Frames | None, exchange: Exchange) -> Question | None:
        if frames is None:
            self._asked_first(exchange, TIMED_OUT)
            return None
        self.wire.counters.resyncs += 1
        question = Question(frames, exchange, self._asked_first)
        self.wire.send(question)
        return question

    def _asked_first(self, exchange: Exchange, bad: Bad | None) -> None:
        """The question is answered, if with an exception: now it is its turn; else it is not sent at all."""
        if bad is None or bad.code is not None:
            self._again(exchange)
        elif isinstance(exchange, Ask):
            exchange.end(NotSent.NO_LINK if bad is LINK_LOST else NotSent.SILENT)
        else:
            exchange.failed(bad)

    def _again(self, exchange: Exchange) -> None:
        """Before all others of its kind."""
        if isinstance(exchange, Awaited) and exchange.outcome.done():  # nobody waits for it any more
            return
        if isinstance(exchange, Ask):
            self._asks.appendleft(exchange)
            self._contested = True
        else:
            self._polls.put_first(exchange)

    def _share_out(self) -> None:
        """The same while commands want the bus, too, and until polls have got what they are owed."""
        now_s = self._loop.time()
        self._turns.charge(now_s)
        self._hold_for_commands()
        self._doubts.settle(self.wire.in_flight.values(), now_s, self.wire.limit)
        while self.wire.takes and self._send_next(now_s):
            pass
        load = self._load
        self._turns.note(load)
        self._asks_in_flight = load.commands
        self._contested = bool(load.commands or load.commands_wait or self._turns.polls_first)

    def _send_next(self, now_s: float) -> bool:
        """Send whose turn it is, if it is anyone's."""
        polls_wait = self._polls_wait
        if polls_wait and self._turns.polls_first:
            self._send_poll(now_s)
        elif (ask := self._next_ask(now_s)) is not None:
            self._send(ask)
        elif polls_wait and not self._held:
            self._send_poll(now_s)
        else:
            return False
        return True

    def _next_ask(self, now_s: float) -> Ask | None:
        while self._asks:
            ask = self._asks.popleft()
            if ask.outcome.done():  # who asked has been cancelled
                continue
            if now_s < ask.not_after_s:
                return ask
            ask.end(NotSent.EXPIRED)
        return None

    def _hold_for_commands(self) -> None:
        """When a command has its answer, it may at once ask for more: polls wait until it has been heard."""
        if not self._held and self._load.commands < self._asks_in_flight:
            self._held = True
            self._loop.call_soon(self._let_go)

    def _let_go(self) -> None:
        self._held = False
        self.pump()

    @property
    def _load(self) -> Load:
        asks = sum(_is_commands(exchange) for exchange in self.wire.in_flight.values())
        polls = len(self.wire.in_flight) - asks
        return Load(polls, asks, self._polls_wait, bool(self._asks) or self._held)

    @property
    def _polls_wait(self) -> bool:
        return bool(self._polls or self._doubts.waiting)

    def _more(self) -> bool:
        return bool(self._asks or self._polls_wait)

    def _expire(self, ask: Ask) -> None:
        if ask in self._asks:
            self._asks.remove(ask)
            ask.end(NotSent.EXPIRED)


def _is_commands(exchange: Exchange) -> bool:
    return isinstance(exchange.sake if isinstance(exchange, Question) else exchange, Ask)
