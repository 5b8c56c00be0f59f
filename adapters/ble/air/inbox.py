"""What the radio has heard and nobody has taken yet: bounded, and taken in batches, a turn of the loop each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from adapters.ble.advert import Advert

ROOM = 2000
"""Advertisements that wait: one second of what two hundred busy devices send. Of each device beyond, the newest."""
BATCH = 100
"""Taken in one turn of the loop, so that nothing else waits for more than a few milliseconds."""
GATHER_S = 0.02
"""From one turn to the next: what came meanwhile goes on together, since to wake all who pass it on, down to the
broker, takes longer than to pass on a few more; nobody sees such a delay."""


class Inbox:
    """`put` is for the radio's callback, and never takes long; `hear` gets each advertisement soon.

    At once while little is heard, else together with others.
    """

    def __init__(self, hear: Callable[[Advert], None], failed: Callable[[Exception], None]) -> None:
        self.heard = 0
        self.overflowed = 0
        self._hear = hear
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Advert] = deque()
        self._newest: dict[str, Advert] = {}
        self._turn: asyncio.Handle | None = None
        self._due_s = 0.0

    def put(self, advert: Advert) -> None:
        """What finds no room is the newest of its device, or is counted as overflowed."""
        self.heard += 1
        if len(self._waiting) < ROOM and not self._newest:
            self._waiting.append(advert)
        elif advert.address in self._newest or len(self._newest) >= ROOM:
            self.overflowed += 1
            if advert.address in self._newest:
                self._newest[advert.address] = advert
        else:
            self._newest[advert.address] = advert
        if self._turn is None:
            wait_s = self._due_s - self._loop.time()
            self._turn = self._loop.call_later(wait_s, self._take) if wait_s > 0 else self._loop.call_soon(self._take)

    def close(self) -> None:
        """What still waits is dropped."""
        if self._turn is not None:
            self._turn.cancel()
        self._waiting.clear()
        self._newest.clear()

    def _take(self) -> None:
        waiting = self._waiting
        self._due_s = self._loop.time() + GATHER_S
        try:
            for _ in range(min(BATCH, len(waiting))):
                self._hear(waiting.popleft())
        except Exception as error:  # noqa: BLE001 -- a defect is the link's, not bleak's, which would only log it
            self._failed(error)
        if not waiting and self._newest:
            waiting.extend(self._newest.values())
            self._newest.clear()
        self._turn = self._loop.call_soon(self._take) if waiting else None
