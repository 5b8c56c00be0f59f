"""Whether more results should be made: they go before readings, and a flood of commands must not fill the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

CROWD = 1_000
"""Results and the like that may wait to be published before no more commands are looked at: most brokers keep these."""

FLOOD = 10_000
"""With so many no more are made, for what a broker has sent all the same: as many as staging has room for."""


class Crowd:
    """`waiting()` says how many wait to be published."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._changed = asyncio.Event()

    @property
    def is_flood(self) -> bool:
        """Whether there should be no more."""
        return self._waiting() >= FLOOD

    async def room(self) -> None:
        """Return once so few wait that there may be more."""
        while self._waiting() > CROWD:
            self._changed.clear()
            await self._changed.wait()

    def left(self) -> None:
        """Some have gone."""
        if self._waiting() <= CROWD:
            self._changed.set()
