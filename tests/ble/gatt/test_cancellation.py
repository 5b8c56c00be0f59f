import asyncio

import pytest

from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus
from tests.ble.air.aloft import files, left_open
from tests.ble.gatt.site import LEVEL, OWN, TOLD, device, sensor, site, until

DEVICES = {
    "sensor": device(
        points={
            "battery": {"characteristic": LEVEL, "type": "uint8"},
            "all": {"characteristic": OWN, "type": "uint32", "writable": True, "verify": True},
            "count": {"characteristic": TOLD, "type": "uint8", "notify": True},
        }
    )
}
STEP_S = 0.008
STEPS = 40
DROPS = 15
"""The stock limit is 256 connections for a user; each drop would keep one."""


@pytest.mark.parametrize("step", range(STEPS))
async def test_cancelled_at_any_moment_nothing_is_left_open(bus: Bus, radio: Radio, step: int) -> None:
    peripheral = sensor(connect_s=0.05, resolve_s=0.05)
    before = files()
    async with site(radio, [peripheral], DEVICES) as here:
        writing = asyncio.create_task(here.write(all=step))
        await asyncio.sleep(step * STEP_S)
    await asyncio.gather(writing, return_exceptions=True)
    assert left_open() == []
    await until(lambda: files() <= before)
    await until(lambda: not peripheral.connected)


@pytest.mark.parametrize("call", ["Device1.Connect", "Gatt*.ReadValue", "Gatt*.StartNotify"])
async def test_cancelled_while_bluez_hangs_nothing_is_left_open(
    bus: Bus, bluez: Bluez, radio: Radio, call: str
) -> None:
    before = files()
    hung = bluez.inject(call, hang=True)
    async with site(radio, [sensor()], DEVICES):
        await until(lambda: hung.met)
    assert left_open() == []
    await until(lambda: files() <= before)


async def test_connections_that_the_device_drops_are_not_left_open(bus: Bus, radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], DEVICES) as here:
        await here.emitted.sample("sensor")
        before = files()
        for number in range(1, DROPS + 1):
            peripheral.hang_up()
            await until(lambda: here.adapter.counters()["connects"] > number)  # noqa: B023 -- awaited at once
            await here.emitted.sample("sensor", 2)
        await until(lambda: files() <= before)
