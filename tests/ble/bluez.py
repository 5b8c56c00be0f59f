"""A BlueZ of one's own for a test, where bleak finds it: the `bluez` fixture, and what waits for what it hears."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bleak import BleakScanner
from bleak.backends.bluezdbus import manager as managers
from bleak.backends.bluezdbus.version import BlueZFeatures
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus

RADIO = "00:1A:7D:DA:71:13"
SOON_S = 10.0
"""For what happens in milliseconds on a machine at rest."""


@pytest.fixture
async def bus(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bus]:
    """A private bus, which bleak takes for the system's; bleak lets go of it with the test."""
    async with Bus() as started:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", started.address)
        monkeypatch.setattr(BlueZFeatures, "checked_bluez_version", True)  # else it looks for bluetoothctl
        try:
            yield started
        finally:
            await forget_bleak()


@pytest.fixture
async def bluez(bus: Bus) -> AsyncIterator[Bluez]:
    """Running, with no radio yet."""
    async with Bluez(bus.address) as running:
        yield running


@pytest.fixture
def radio(bluez: Bluez) -> Radio:
    """hci0, switched on."""
    return bluez.add_radio(RADIO)


async def forget_bleak() -> None:
    """Close the connection that bleak keeps for each event loop."""
    manager = managers._global_instances.pop(asyncio.get_running_loop(), None)
    if manager is None or manager._bus is None:
        return
    manager._bus.disconnect()
    if manager._bus_watcher_task is not None:
        await asyncio.wait({manager._bus_watcher_task})


@asynccontextmanager
async def repeated(say: Callable[[], object], every_s: float = 0.02) -> AsyncIterator[None]:
    """What a device does while the context lasts: advertise again and again."""

    async def saying() -> None:
        while True:
            say()
            await asyncio.sleep(every_s)

    task = asyncio.create_task(saying(), name="advertising")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Ear:
    """All that a bleak scanner has called back with, and a way to wait for more."""

    def __init__(self) -> None:
        self.heard: list[tuple[BLEDevice, AdvertisementData]] = []
        self._looked = 0
        self._more = asyncio.Event()

    def __call__(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        self.heard.append((device, advertisement))
        self._more.set()

    async def until(self, fits: Callable[[AdvertisementData], bool] = lambda _: True) -> AdvertisementData:
        """The first that fits, after the one that this returned before."""
        async with asyncio.timeout(SOON_S):
            while True:
                while self._looked < len(self.heard):
                    self._looked += 1
                    if fits(advertisement := self.heard[self._looked - 1][1]):
                        return advertisement
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def scanning(duplicates: bool = True, **more: Any) -> AsyncIterator[Ear]:
    """A real, active scan."""
    ear = Ear()
    async with BleakScanner(ear, bluez={"filters": {"DuplicateData": duplicates}}, **more):
        yield ear
