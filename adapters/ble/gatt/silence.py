"""Where an answer may yet come that nobody waits for any more: until it has, the next command is not asked."""

from __future__ import annotations

import asyncio

from adapters.ble.config import Attribute


class Silence:
    """Of one device, over all connections to it: one that is made anew may bring what the last one did not."""

    def __init__(self) -> None:
        self._until_s: dict[Attribute, float] = {}
        self._loop = asyncio.get_running_loop()

    def begin(self, where: Attribute, for_s: float) -> None:
        """For so long from now on."""
        self._until_s[where] = self._loop.time() + for_s

    async def over(self, where: Attribute) -> None:
        """Return when it is."""
        await asyncio.sleep(self._until_s.pop(where, 0.0) - self._loop.time())
