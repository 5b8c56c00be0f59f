"""One scheduler per link: commands first, as far as polls keep their share, then polls in the order due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from adapters.modbus.awaited import Ask, Awaited, NotSent, Outcome, Probe
from adapters.modbus.transaction import Exchange, Wire
from adapters.modbus.turns import Load, Turns

PROBE_REST = 4
"""After a try at something dead, so many times its timeout passes before the next: together they take a fifth."""


class Bus:
    """Who is next on the wire; polls keep `poll_share` of the time for which commands want it, too."""

    def __init__(self, wire: Wire, max_in_flight: int, poll_share: float) -> None:
        self.wire = wire
        wire.idle = self.pump
        self._max_in_flight = max_in_flight
        self._asks: deque[Ask] = deque()
        self._polls: deque[Exchange] = deque()
        self._turns = Turns(poll_share)
        self._contested = self._held = False
        self._asks_in_flight = 0
        self._loop = asyncio.get_running_loop()
        self._probe_after_s = 0.0

    def poll(self, exchanges: Iterable[Exchange]) -> None:
        """Send these when it is their turn: at once if the bus is idle."""
        self._polls.extend(exchanges)
        self.pump()

    def withdraw(self, exchange: Exchange) -> bool:
        """Take back a poll's request; False if it has been sent."""
        if exchange not in self._polls:
            return False
        self._polls.remove(exchange)
        return True

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
        self.poll((probe,))
        try:
            return await probe.outcome
        finally:
            self.withdraw(probe)

    @property
    def busy(self) -> bool:
        """Whether anything waits or is under way."""
        return bool(self._asks or self._polls or self.wire.in_flight)

    def pump(self) -> None:
        """Send as much as may be under way."""
        if self._contested:
            self._share_out()
            return
        wire, limit, polls = self.wire, self._max_in_flight, self._polls
        while polls and wire.open and len(wire.in_flight) < limit:
            wire.send(polls.popleft())

    def stop(self) -> None:
        """Nothing is sent any more."""
        for exchange in (*self._asks, *self._polls):
            if isinstance(exchange, Awaited):
                exchange.end(NotSent.NO_LINK)
        self._asks.clear()
        self._polls.clear()

    def may_probe(self, now_s: float) -> bool:
        """Whether something dead may be tried now."""
        return now_s >= self._probe_after_s

    def probed(self, now_s: float, cost_s: float) -> None:
        """Something dead was tried in vain."""
        self._probe_after_s = now_s + PROBE_REST * cost_s

    def _share_out(self) -> None:
        """The same while commands want the bus, too, and until polls have got what they are owed."""
        now_s = self._loop.time()
        self._turns.charge(now_s)
        self._hold_for_commands()
        while self.wire.open and len(self.wire.in_flight) < self._max_in_flight:
            exchange = self._next(now_s)
            if exchange is None:
                break
            frame = self.wire.send(exchange)
            if isinstance(exchange, Ask) and exchange.wrote is not None:
                exchange.wrote(frame)
        load = self._load
        self._turns.note(load)
        self._asks_in_flight = load.commands
        self._contested = bool(load.commands or load.commands_wait or self._turns.polls_first)

    def _next(self, now_s: float) -> Exchange | None:
        if self._polls and self._turns.polls_first:
            return self._polls.popleft()
        if (ask := self._next_ask(now_s)) is not None:
            return ask
        return self._polls.popleft() if self._polls and not self._held else None

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
        asks = sum(isinstance(exchange, Ask) for exchange in self.wire.in_flight.values())
        polls = len(self.wire.in_flight) - asks
        return Load(polls, asks, bool(self._polls), bool(self._asks) or self._held)

    def _expire(self, ask: Ask) -> None:
        if ask in self._asks:
            self._asks.remove(ask)
            ask.end(NotSent.EXPIRED)
