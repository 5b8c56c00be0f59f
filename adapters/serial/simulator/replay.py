"""A capture played back: what the device said is said again with its timing, what we said is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gateway.adapter import Commanded, Traffic

PATIENCE_S = 5.0
"""For what we said in the capture, on top of the pause before it: then it goes on without, and counts."""
MAX_HEARD_BYTES = 65_536
"""Of what was said and not asked for by the capture: only the newest can still be what it waits for."""
BEGIN_S = 0.3
"""Before the first word: what comes as soon as a port is open a gateway takes for the rest of a frame."""
LOOP_PAUSE_S = 0.1
"""Between its end and its beginning: a capture of a single frame would else flood the wire."""
US = 1_000_000
"""Microseconds of a second."""


class Replay:
    """One capture on one wire; `played` counts what was said, `missed` what was waited for in vain."""

    def __init__(self, entries: Sequence[Traffic | Commanded], say: Callable[[bytes], None], *, loop: bool) -> None:
        self._entries = [entry for entry in entries if isinstance(entry, Traffic)]
        self._say = say
        self._loops = loop and bool(self._entries)
        self._heard = bytearray()
        self._news = asyncio.Event()
        self.played = 0
        self.missed = 0

    def hear(self, data: bytes) -> None:
        """What we say."""
        self._heard += data
        del self._heard[:-MAX_HEARD_BYTES]
        self._news.set()

    async def play(self) -> None:
        """To its end; for ever where it loops."""
        await asyncio.sleep(BEGIN_S)
        while True:
            await self._once()
            if not self._loops:
                return
            await asyncio.sleep(LOOP_PAUSE_S)

    async def _once(self) -> None:
        """Each entry as long after the one before as it was then."""
        loop = asyncio.get_running_loop()
        due_s, before_us = loop.time(), self._entries[0].at_us if self._entries else 0
        for entry in self._entries:
            pause_s, before_us = (entry.at_us - before_us) / US, entry.at_us
            if entry.direction == "rx":
                due_s += pause_s
                await _until(due_s)
                self._say(entry.data)
                self.played += 1
            else:
                if not await self._is_heard(entry.data, pause_s + PATIENCE_S):
                    self.missed += 1
                due_s = loop.time()

    async def _is_heard(self, wanted: bytes, within_s: float) -> bool:
        """Whether these bytes come in time; they, and what was before them, are not looked at again."""
        try:
            async with asyncio.timeout(within_s):
                while (at := self._heard.find(wanted)) < 0:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        del self._heard[: at + len(wanted)]
        return True


async def _until(due_s: float) -> None:
    left_s = due_s - asyncio.get_running_loop().time()
    if left_s > 0:
        await asyncio.sleep(left_s)
