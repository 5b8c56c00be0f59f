"""Who may be connected: a radio holds few connections at once, and more devices may want one."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

KEPT_TURN_S = 60.0
"""A kept connection is not interrupted before it has lasted so long: each time costs some seconds of silence."""


class Seat:
    """A place that somebody has; once it is `asked` for, it should be given back as soon as there is nothing to do."""

    __slots__ = ("_heed", "asked", "kept", "name", "since_s")

    def __init__(self, name: str, heed: Callable[[], object], *, kept: bool, since_s: float) -> None:
        self.name = name
        self.kept = kept
        self.since_s = since_s
        self.asked = False
        self._heed = heed

    def ask(self) -> None:
        """Somebody waits for it."""
        if not self.asked:
            self.asked = True
            self._heed()


class _Waiting(NamedTuple):
    due_s: float
    number: int
    name: str
    kept: bool
    heed: Callable[[], object]
    coming: asyncio.Future[Seat]


def _not_at_all() -> None:
    """For who gives it back soon anyway."""


class Slots:
    """So many seats, in the order in which they are wanted.

    Whoever waits has others asked for theirs: those at once who keep them only in case of need, and where all are kept,
    or waiting has taken as long as a turn, the one that has been kept longest, once its turn is over.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._seats: list[Seat] = []
        self._queue: list[_Waiting] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        """How many want a seat and have none."""
        return len(self._queue)

    @property
    def taken(self) -> tuple[str, ...]:
        """Who has one."""
        return tuple(seat.name for seat in self._seats)

    @asynccontextmanager
    async def seat(
        self, name: str, heed: Callable[[], object] = _not_at_all, *, kept: bool = False, after_s: float = 0.0
    ) -> AsyncIterator[Seat]:
        """Have one meanwhile, and `heed` that it is asked for.

        `after_s`: as if it had been wanted so much later, below 0 earlier.
        """
        seat = await self._take(name, heed, kept=kept, after_s=after_s)
        try:
            yield seat
        finally:
            self._seats.remove(seat)
            self._fill()

    def hurry(self, name: str, due_s: float) -> None:
        """Who waits under this name goes as if it had been wanted then, on the loop's clock."""
        for waiting in [each for each in self._queue if each.name == name and each.due_s > due_s]:
            self._queue.remove(waiting)
            insort(self._queue, waiting._replace(due_s=due_s), key=lambda each: each[:2])

    async def _take(self, name: str, heed: Callable[[], object], *, kept: bool, after_s: float) -> Seat:
        self._number += 1
        due_s = self._loop.time() + after_s
        waiting = _Waiting(due_s, self._number, name, kept, heed, self._loop.create_future())
        insort(self._queue, waiting, key=lambda each: each[:2])
        self._fill()
        try:
            return await waiting.coming
        except asyncio.CancelledError:
            self._queue = [each for each in self._queue if each.number != waiting.number]
            if waiting.coming.done() and not waiting.coming.cancelled():
                self._seats.remove(waiting.coming.result())
            self._fill()
            raise

    def _fill(self) -> None:
        """Give free seats to who waits, and have others asked for theirs if there are too few."""
        now_s = self._loop.time()
        while self._queue and len(self._seats) < self.count:
            waiting = self._queue.pop(0)
            if not waiting.coming.done():
                seat = Seat(waiting.name, waiting.heed, kept=waiting.kept, since_s=now_s)
                self._seats.append(seat)
                waiting.coming.set_result(seat)
        self._ask(now_s)

    def _ask(self, now_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._queue:
            for seat in self._seats:
                seat.asked = False
            return
        for seat in self._seats:
            if not seat.kept:
                seat.ask()
        self._ask_kept(now_s)

    def _ask_kept(self, now_s: float) -> None:
        """One at a time: it is the longest kept one's turn to wait, if it is anybody's."""
        kept = [seat for seat in self._seats if seat.kept]
        if not kept or any(seat.asked for seat in kept):
            return
        longest = min(kept, key=lambda seat: seat.since_s)
        over_s = longest.since_s + KEPT_TURN_S
        if len(kept) < len(self._seats):
            over_s = max(over_s, min(each.due_s for each in self._queue) + KEPT_TURN_S)
        if now_s >= over_s:
            longest.ask()
        else:
            self._timer = self._loop.call_later(over_s - now_s, self._fill)
