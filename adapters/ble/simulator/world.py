"""The bus of this process and the BlueZ on it: one, however many links are simulated here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from adapters.ble.simulator.bluez import Bluez
from adapters.ble.simulator.bus import Bus


class World:
    """Begins with the first who joins, and ends with the last who leaves."""

    def __init__(self) -> None:
        self._bus = Bus()
        self._turn = asyncio.Lock()
        self._joined = 0
        self.bluez: Bluez
        self.names: set[str] = set()
        """Of radios that are plugged in."""

    @property
    def address(self) -> str:
        """Of the bus."""
        return self._bus.address

    async def join(self) -> None:
        """Return when it is there; raises OSError."""
        async with self._turn:
            if not self._joined:
                await self._begin()
            self._joined += 1

    async def leave(self) -> None:
        """Whoever has joined does so once."""
        async with self._turn:
            self._joined -= 1
            if not self._joined:
                await self.bluez.stop()
                await self._bus.stop()

    async def restart_bluez(self) -> None:
        """As if bluetoothd had crashed, and systemd had started it again."""
        async with self._turn:
            await self.bluez.crash()
            await self.bluez.start()

    async def lose_bus(self) -> None:
        """The bus goes, and BlueZ with it."""
        async with self._turn:
            await self._bus.cut()
            await self.bluez.crash()

    async def mend(self) -> None:
        """Both are there again, if they were not."""
        async with self._turn:
            if not self.bluez.running:
                await self._bus.start()
                await self.bluez.start()

    async def _begin(self) -> None:
        try:
            await self._bus.start()
            self.bluez = Bluez(self._bus.address)
            await self.bluez.start()
        except BaseException:
            await self._bus.stop()
            raise


_worlds: WeakKeyDictionary[asyncio.AbstractEventLoop, World] = WeakKeyDictionary()


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """This process's, as long as the context lasts. Raises OSError."""
    loop = asyncio.get_running_loop()
    if (ours := _worlds.get(loop)) is None:
        ours = _worlds[loop] = World()
    await ours.join()
    try:
        yield ours
    finally:
        await ours.leave()
