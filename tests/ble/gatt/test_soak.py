"""Thousands of connections, one after the other: nothing of them stays."""

import asyncio
import gc
import time
from itertools import count

import pytest

from adapters.ble.air.bus import DAEMON, Bus
from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus as Daemon
from tests.ble.air.aloft import files, left_open
from tests.ble.gatt.site import LEVEL, TOLD, device, sensor, site, until

CONNECTS = 2000
WARM_UP = 200
LONGEST_S = 900.0
FEW = 4
"""Connections that are just being made or closed."""
OBJECTS = 5000
"""Of Python's, by which a measurement may differ from the next: one connection alone has some hundreds."""

DEVICES = {
    "sensor": device(
        gatt={"idle": "0s", "connect": "on-demand"},
        points={
            "battery": {"characteristic": LEVEL, "type": "uint8"},
            "count": {"characteristic": TOLD, "type": "uint8", "notify": True},
        },
    )
}


async def names(bus: Bus) -> int:
    """How many connections there are at the daemon."""
    found = (await bus.call("/org/freedesktop/DBus", DAEMON, "ListNames", to=DAEMON))[0]
    return sum(name.startswith(":") for name in found)


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S)
async def test_thousands_of_connections_leave_nothing_behind(bus: Daemon, bluez: Bluez, radio: Radio) -> None:
    peripheral, reads = sensor(), count()

    def read() -> bytes:
        number = next(reads)
        if number % 3 == 0:
            peripheral.hang_up()
        if number % 7 == 0:
            bluez.inject("Device1.Connect", error=("org.bluez.Error.Failed", "le-connection-refused"), times=1)
        return bytes([number % 256])

    peripheral.characteristic(LEVEL).read = read
    observer = await Bus.opened(bus.address)
    try:
        async with site(radio, [peripheral], DEVICES) as here:
            del here.emitted.items[:]

            def connects() -> int:
                here.emitted.items.clear()  # they are not of the adapter
                return here.adapter.counters()["connects"]

            await until(lambda: connects() >= WARM_UP, LONGEST_S)
            began_s = time.monotonic()
            before = await names(observer), files(), len(asyncio.all_tasks()), objects()
            await until(lambda: connects() >= WARM_UP + CONNECTS, LONGEST_S)
            after = await names(observer), files(), len(asyncio.all_tasks()), objects()
    finally:
        await observer.close()
    measured = f"connections, files, tasks, objects: {before}, {time.monotonic() - began_s:.0f} s later {after}"
    assert max(new - old for new, old in zip(after[:3], before[:3], strict=True)) <= FEW, measured
    assert after[3] - before[3] < OBJECTS, measured
    assert left_open() == []
