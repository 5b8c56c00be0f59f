"""Every function that writes, carried out by libmodbus' server and, on the simulator, as that does it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice, ModbusLink
from gateway.model import DeviceState, ResultStatus
from tests.modbus.foreign.test_libmodbus import execute, served
from tests.modbus.setup import device, link_to
from tests.support.emitted import running

POINTS: dict[str, dict[str, Any]] = {
    "one": {"address": 10, "writable": True, "verify": True},
    "two": {"address": 11, "writable": True, "verify": True},
    "wide": {"address": 12, "type": "int32", "writable": True, "verify": True},
    "field": {"address": 30, "bits": "4..7", "writable": True, "verify": True},
    "rest": {"address": 30},
    "coil": {"address": 5, "table": "coil", "type": "bool", "writable": True, "verify": True},
    "next": {"address": 6, "table": "coil", "type": "bool", "writable": True, "verify": True},
}
WRITTEN = {"one": 4711, "two": 4712, "wide": -5, "field": 9, "coil": True, "next": False}
MANNERS = [
    ({}, {6, 15, 16}),
    ({"write": "single"}, {5, 6}),
    ({"write": "multiple"}, {15, 16}),
    ({"mask_write": True}, {22}),
    ({"read_write": True}, {23}),
]


@asynccontextmanager
async def simulated(devices: dict[str, ModbusDevice]) -> AsyncIterator[ModbusLink]:
    """The same on our own."""
    async with ModbusAdapter.simulate(link_to(1), devices, {"tcp": 0}) as simulation:
        await simulation.set("d", "rest", 30)
        yield link_to(simulation.port)


@pytest.mark.parametrize("whose", ["tcp", "rtu", "simulator"])
@pytest.mark.parametrize(("manner", "functions"), MANNERS)
async def test_what_is_written_is_held_whatever_the_function(
    whose: str, manner: dict[str, Any], functions: set[int]
) -> None:
    points, written = dict(POINTS), dict(WRITTEN)
    if manner.get("write") == "single":
        del points["wide"], written["wide"]
    devices = {"d": device(points, timeout="1s", **manner)}
    async with simulated(devices) if whose == "simulator" else served(whose) as link:
        adapter, told = ModbusAdapter(link, devices, {"d": {}}), list[bytes]()
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            result = await execute(adapter, told.append, write=written)
            assert (result.status, result.values) == (ResultStatus.DONE, written)
            await emitted.until(lambda: emitted.values("d") == {**written, "rest": 9 << 4 | 30 & 0x0F})
    assert functions <= {frame[1 if whose == "rtu" else 7] for frame in told}
