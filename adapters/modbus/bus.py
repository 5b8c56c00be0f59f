"""One scheduler per link: commands first, then polls in the order due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from enum import Enum

from adapters.modbus.frames import Frames
from adapters.modbus.transaction import DATA_AT, Exchange, Wire
from gateway.model import Bad

PROBE_REST = 4
"""After a try at something dead, so many times its timeout passes before the next: together they take a fifth."""


class NotSent(Enum):
    """Why a request never reached the wire."""

    EXPIRED = "expired"
    NO_LINK = "no-link"


Outcome = bytes | Bad | NotSent
"""What became of a request: the data of its reply, why there is none, or why it was not sent."""


class Ask(Exchange):
    """A command's request, for one who awaits `outcome`; never sent after `not_after_s` (the loop's clock)."""

    __slots__ = ("not_after_s", "outcome")

    def __init__(self, frames: Frames, timeout_s: float, not_after_s: float) -> None:
        super().__init__(frames.request, frames.expected, timeout_s)
        self.not_after_s = not_after_s
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def arrived(self, buffer: bytearray, at: int) -> None:
        """Hand the data on."""
        self.end(bytes(buffer[at : at + self.reply_size - DATA_AT]))

    def failed(self, bad: Bad) -> None:
        """Hand the reason on."""
        self.end(bad)

    def end(self, outcome: Outcome) -> None:
        """Tell the one who waits, if he still does."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Bus:
    """Who is next on the wire."""

    def __init__(self, wire: Wire, max_in_flight: int) -> None:
        self.wire = wire
        wire.idle = self.pump
        self._max_in_flight = max_in_flight
        self._asks: deque[Ask] = deque()
        self._polls: deque[Exchange] = deque()
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
        """Send this before any poll, and wait for what becomes of it."""
        if not self.wire.open:
            return NotSent.NO_LINK
        self._asks.append(ask)
        self.pump()
        timer = asyncio.get_running_loop().call_at(ask.not_after_s, self._expire, ask)
        try:
            return await ask.outcome
        finally:
            timer.cancel()

    def pump(self) -> None:
        """Send as much as may be under way."""
        wire, limit = self.wire, self._max_in_flight
        while wire.open and len(wire.in_flight) < limit:
            if self._asks and (ask := self._next_ask()) is not None:
                wire.send(ask)
            elif self._polls:
                wire.send(self._polls.popleft())
            else:
                return

    def stop(self) -> None:
        """Nothing is sent any more."""
        self._polls.clear()
        while self._asks:
            self._asks.popleft().end(NotSent.NO_LINK)

    def may_probe(self, now_s: float) -> bool:
        """Whether something dead may be tried now."""
        return now_s >= self._probe_after_s

    def probed(self, now_s: float, cost_s: float) -> None:
        """Something dead was tried in vain."""
        self._probe_after_s = now_s + PROBE_REST * cost_s

    def _expire(self, ask: Ask) -> None:
        if ask in self._asks:
            self._asks.remove(ask)
            ask.end(NotSent.EXPIRED)

    def _next_ask(self) -> Ask | None:
        now_s = asyncio.get_running_loop().time()
        while self._asks:
            ask = self._asks.popleft()
            if ask.outcome.done():  # who asked has been cancelled
                continue
            if now_s < ask.not_after_s:
                return ask
            ask.end(NotSent.EXPIRED)
        return None
