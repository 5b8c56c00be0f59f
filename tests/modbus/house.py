"""A link as the core runs it: supervised, with a door at which its samples and statuses come out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice, ModbusLink
from gateway.field import Field
from gateway.link import FieldLink
from gateway.model import DeviceInfo, DeviceStatus, Sample
from tests.freshness.test_field import Door
from tests.support.patience import HANG_S


class House(Door):
    """Everything that has come out of the link, and how to wait for more."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    @override
    def sample(self, sample: Sample) -> None:
        super().sample(sample)
        self._news.set()

    @override
    def device_status(self, status: DeviceStatus) -> None:
        super().device_status(status)
        self._news.set()

    @property
    def states(self) -> list[tuple[str, str, str | None]]:
        return [(status.device, status.state.value, status.reason) for status in self.statuses]

    async def until(self, so: Callable[[], object], within_s: float = HANG_S) -> None:
        """Wait until something is so, looked at after each item."""
        async with asyncio.timeout(within_s):
            while not so():
                self._news.clear()
                await self._news.wait()

    async def state(self, *wanted: str | None) -> None:
        """Wait until the newest status is this: device, state, reason."""
        await self.until(lambda: self.states and self.states[-1] == wanted)


@asynccontextmanager
async def housed(link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> AsyncIterator[House]:
    """Run a link and these devices on it for as long as the context lasts."""
    infos = {name: DeviceInfo(name, "link", "", 1.0, {}, device.groups(name)) for name, device in devices.items()}
    field, house = Field(infos, lambda: 0), House()
    doors: list[Any] = [house]
    field.open_to(doors, [])
    house.statuses.clear()
    supervised = FieldLink(
        "link",
        adapter=ModbusAdapter,
        config=link,
        devices=devices,
        memory={name: {} for name in devices},
        field=field,
        max_queue=1,
    ).supervised
    serving = asyncio.create_task(supervised.run())
    try:
        yield house
    finally:
        serving.cancel()
        await asyncio.wait([serving])
