"""What an adapter emitted, and how to wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from gateway.adapter import Adapter
from gateway.model import Bad, DeviceState, DeviceStatus, Notice, Relearned, Sample, Value
from tests.support.patience import HANG_S


class Emitted:
    """Collects; give it to `run` as `emit`."""

    def __init__(self) -> None:
        self.over = False
        """The adapter has ended: nothing more comes."""
        self.items: list[Sample | DeviceStatus | Notice | Relearned] = []
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        self.items.append(item)
        self.news()

    def news(self) -> None:
        """Have everyone who waits look again."""
        task = asyncio.get_running_loop().create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def durable(self, sample: Sample, /) -> None:
        self(sample)

    def samples(self, device: str) -> list[Sample]:
        return [item for item in self.items if isinstance(item, Sample) and item.group.device == device]

    def states(self, device: str) -> list[DeviceState]:
        return [item.state for item in self.items if isinstance(item, DeviceStatus) and item.device == device]

    def notices(self, device: str) -> list[str]:
        return [item.text for item in self.items if isinstance(item, Notice) and item.device == device]

    def values(self, device: str) -> dict[str, Value | None]:
        """The newest sample's."""
        sample = self.samples(device)[-1]
        return dict(zip(sample.group.points, sample.values, strict=True))

    def bad(self, device: str) -> dict[str, Bad]:
        """The newest sample's."""
        return dict(self.samples(device)[-1].bad)

    async def until(self, happened: Callable[[], object], within_s: float = HANG_S) -> None:
        """Wait until something is so, looked at after each item."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: self.over or happened())
            assert happened(), "the adapter has ended"

    async def sample(self, device: str, count: int = 1) -> Sample:
        """The next sample of a device, or the one so many from now."""
        wanted = len(self.samples(device)) + count
        await self.until(lambda: len(self.samples(device)) >= wanted)
        return self.samples(device)[-1]

    async def state(self, device: str, state: DeviceState, within_s: float = HANG_S) -> None:
        """Wait until a device's newest status is this."""
        await self.until(lambda: self.states(device)[-1:] == [state], within_s)

    async def settled(self) -> None:
        """Wait until everyone who waits has been told."""
        await asyncio.gather(*self._tasks)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


Listener = TypeVar("Listener", bound=Emitted)


def running(adapter: Adapter) -> AbstractAsyncContextManager[Emitted]:
    """Run an adapter for as long as the context lasts; what it raises is raised at the end."""
    return telling(adapter, Emitted())


@asynccontextmanager
async def telling(adapter: Adapter, emitted: Listener) -> AsyncIterator[Listener]:
    """The same, for who has an ear of one's own."""

    def ended(_task: asyncio.Task[None]) -> None:
        emitted.over = True
        emitted.news()

    task = asyncio.create_task(adapter.run(emitted), name="adapter under test")
    task.add_done_callback(ended)
    try:
        yield emitted
    finally:
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise


def untold(_request: bytes) -> None:
    """For commands of which nobody asks what went on the wire."""
