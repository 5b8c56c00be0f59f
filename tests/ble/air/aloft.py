"""A radio of the adapter's in a test: opened, serving, and what it has heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bleak.backends.bluezdbus import manager as bleak_manager

from adapters.ble.advert import Advert
from adapters.ble.air import seam
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice, BleLink
from tests.ble.bluez import SOON_S

SENSOR = "C0:FF:EE:00:00:01"
COMPANY = 0x0499


def link_of(**settings: Any) -> BleLink:
    return BleLink.model_validate({"adapter": "ble", **settings})


def device_of(**settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "radio", "address": SENSOR, "decoder": "auto", **settings})


class Aloft:
    """While `serving` lasts."""

    def __init__(self) -> None:
        self.heard: list[Advert] = []
        self.radio: Radio
        self.served: asyncio.Task[None]
        self._news = asyncio.Event()

    def hear(self, advert: Advert) -> None:
        self.heard.append(advert)
        self._news.set()

    async def next(self, fits: Callable[[Advert], bool] = lambda _: True) -> Advert:
        """The first advertisement from now on that fits."""
        seen = len(self.heard)
        async with asyncio.timeout(SOON_S):
            while True:
                for advert in self.heard[seen:]:
                    if fits(advert):
                        return advert
                seen = len(self.heard)
                self._news.clear()
                await self._news.wait()

    async def ended(self, within_s: float = SOON_S) -> BaseException | None:
        """What it ended with."""
        await asyncio.wait({self.served}, timeout=within_s)
        return self.served.exception()


@asynccontextmanager
async def serving(*devices: BleDevice, **settings: Any) -> AsyncIterator[Aloft]:
    aloft = Aloft()
    aloft.radio = await Radio.opened(link_of(**settings), devices, aloft.hear)
    aloft.served = asyncio.create_task(aloft.radio.serve(), name="serving")
    try:
        yield aloft
    finally:
        aloft.served.cancel()
        await asyncio.gather(aloft.served, return_exceptions=True)
        await aloft.radio.close()


async def until(holds: Callable[[], object]) -> None:
    """Return when it does, for what tells nobody."""
    async with asyncio.timeout(SOON_S):
        while not holds():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.01)


def files() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def left_open() -> list[str]:
    """What the last radio should have closed."""
    managers = list(bleak_manager._global_instances)
    tasks = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("ble-")]
    return [*map(str, managers), *tasks, *map(str, seam._shared.tenants)]
