"""The house's side of an endpoint under test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gateway.endpoints.contract import Ack, Delivery, Endpoint, Message
from gateway.model import Wishes
from tests.support.patience import HANG_S


class SessionLog:
    """Keeps all that an endpoint says, and lets a test wait for it."""

    def __init__(self, *, said_goodbye: bool = True) -> None:
        self.said_goodbye = said_goodbye
        self.window = self.max_bytes = 0
        self.acks: list[Ack] = []
        self.batches: list[int] = []
        self.deliveries: list[Delivery] = []
        self.wishes: list[Wishes] = []
        self.told: Mapping[str, Any] = {"gateway": "gw"}
        self.paused = False
        self.over = False
        self._news = asyncio.Event()

    def connected(self, window: int, max_bytes: int) -> None:
        self.window, self.max_bytes = window, max_bytes
        self._news.set()

    def acknowledged(self, acks: Sequence[Ack], /) -> None:
        self.acks += acks
        self.batches.append(len(acks))
        self._news.set()

    def deliver(self, delivery: Delivery, /) -> None:
        self.deliveries.append(delivery)
        self._news.set()

    def pause(self) -> None:
        self.paused = True
        self._news.set()

    def wish(self, wishes: Wishes, /) -> Mapping[str, str]:
        self.wishes.append(wishes)
        self._news.set()
        return {}

    def facts(self) -> Mapping[str, Any]:
        return self.told

    def ended(self, _task: object) -> None:
        self.over = True
        self._news.set()

    async def until(self, happened: Callable[[], object]) -> None:
        async with asyncio.timeout(HANG_S):
            while not happened():
                assert not self.over, "the connection has ended"
                self._news.clear()
                await self._news.wait()

    async def connects(self) -> None:
        """Wait until messages may be published."""
        await self.until(lambda: self.window)

    async def ended_early(self) -> None:
        """Wait until the connection has ended by itself."""
        async with asyncio.timeout(HANG_S):
            while not self.over:
                self._news.clear()
                await self._news.wait()

    async def acked(self, *tokens: int) -> list[Ack]:
        """The word on these messages."""
        await self.until(lambda: {ack.token for ack in self.acks} >= set(tokens))
        return [ack for ack in self.acks if ack.token in tokens]


@asynccontextmanager
async def connected(endpoint: Endpoint, *, said_goodbye: bool = True) -> AsyncIterator[SessionLog]:
    """Run one connection for as long as the context lasts; what ends it early is raised at the end."""
    session = SessionLog(said_goodbye=said_goodbye)
    task = asyncio.create_task(endpoint.run(session), name="endpoint under test")
    task.add_done_callback(session.ended)
    try:
        try:
            await session.until(lambda: session.window)
            yield session
        finally:
            task.cancel()
            await asyncio.wait([task])
    finally:
        if not task.cancelled():
            task.result()


def message(token: int, payload: bytes = b"{}", kind: str = "reading", device: str = "boiler") -> Message:
    return Message(token, kind, device, payload, retain=kind in {"status", "birth"})
