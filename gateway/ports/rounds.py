"""Ports on which bytes never stop are read together, every few milliseconds: waking up costs more than reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

EVERY_S = 0.004
"""What a byte may wait; USB adapters keep theirs for 1 to 16 ms. At 115200 baud 46 bytes come meanwhile, of the 4096
that the kernel keeps."""


class Rounds:
    """One timer for all ports that wait for the next round; each waits for one round only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[Callable[[], None], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def join(self, read: Callable[[], None]) -> None:
        """Call this in the next round; it raises nothing."""
        self._waiting[read] = None
        if self._timer is None:
            self._timer = self._loop.call_later(EVERY_S, self._go_round)

    def has(self, read: Callable[[], None]) -> bool:
        """Whether it is to be called."""
        return read in self._waiting

    def leave(self, read: Callable[[], None]) -> None:
        """Do not call it."""
        self._waiting.pop(read, None)

    def _go_round(self) -> None:
        self._timer = None
        for read in tuple(self._waiting):
            if read in self._waiting:  # what another has read may have made it leave
                del self._waiting[read]
                read()


_rounds: WeakKeyDictionary[asyncio.AbstractEventLoop, Rounds] = WeakKeyDictionary()


def shared_rounds(loop: asyncio.AbstractEventLoop) -> Rounds:
    """The rounds of all ports of a loop."""
    rounds = _rounds.get(loop)
    if rounds is None:
        rounds = _rounds[loop] = Rounds(loop)
    return rounds
