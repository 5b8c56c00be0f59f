"""A protocol that only remembers."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support.patience import HANG_S


class Listener(asyncio.Protocol):
    """`heard` is all bytes, `ends` each end that was told."""

    def __init__(self) -> None:
        self.made = 0
        self.heard = bytearray()
        self.ends: list[Exception | None] = []
        self.stirred = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made += 1
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        assert self.made == 1
        assert not self.ends
        self.heard += data
        self.stirred.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ends.append(exc)
        self.stirred.set()

    async def until(self, holds: Callable[["Listener"], bool]) -> None:
        """Until it holds, looked at whenever something has come."""
        async with asyncio.timeout(HANG_S):
            while not holds(self):
                self.stirred.clear()
                await self.stirred.wait()

    async def hears(self, data: bytes) -> None:
        await self.until(lambda listener: bytes(listener.heard) == data)

    async def ended(self) -> None:
        await self.until(lambda listener: bool(listener.ends))
