"""Who speaks on one wire, one after the other: pieces of a frame never lie between those of another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from adapters.serial.simulator.faults import Said

SPLIT_S = 0.005
"""Between the pieces of a frame: what adapters and device servers make of one that is on its way."""


class Mouth:
    """Speaks through `write`, which may be called late: it is to see itself whether there is still a wire."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._free_s = 0.0
        self._waiting: set[asyncio.TimerHandle] = set()

    def say(self, said: Said) -> None:
        """When it is time for it, and nobody speaks."""
        if said.after_s:
            self._later(said.after_s, lambda: self._begin(said.pieces))
        else:
            self._begin(said.pieces)

    def shut(self) -> None:
        """Say nothing more of what was still to come."""
        for each in self._waiting:
            each.cancel()
        self._waiting.clear()

    def _begin(self, pieces: tuple[bytes, ...]) -> None:
        now_s = self._loop.time()
        for piece in pieces:
            at_s = self._free_s
            if at_s > now_s:
                self._later(at_s - now_s, partial(self._write, piece))
            else:
                at_s = now_s
                self._write(piece)
            self._free_s = at_s + SPLIT_S if at_s > now_s or len(pieces) > 1 else at_s

    def _later(self, after_s: float, act: Callable[[], None]) -> None:
        def due() -> None:
            self._waiting.discard(handle)
            act()

        handle = self._loop.call_later(after_s, due)
        self._waiting.add(handle)
