"""Characteristics of simulated devices, as the real bleak reads and writes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from adapters.ble.config import full_uuid
from adapters.ble.simulator import Simulation
from tests.ble.bluez import SOON_S
from tests.ble.simulator.served import ADDRESS, Serve

LOCKED, OPEN_FOR, ORDERS, BATTERY, LABEL = map(full_uuid, (0xFFF1, 0xFFF2, 0xFFF3, 0x2A19, 0x2901))

LOCK: dict[str, Any] = {
    "points": {
        "locked": {"characteristic": "fff1", "type": "bool", "notify": True},
        "open_for": {"characteristic": "fff2", "type": "uint8", "writable": {"max": 60}},
        "label": {"characteristic": "fff2", "descriptor": "2901", "type": "string"},
        "battery": {"characteristic": "battery_level"},
    },
    "commands": {
        "open": {
            "characteristic": "fff3",
            "send": {"hex": "A5 {open_for:uint8}"},
            "args": {"open_for": {"type": "int"}},
            "answer": {"starts": "a5"},
        }
    },
}


@asynccontextmanager
async def connected(serve: Serve, **more: Any) -> AsyncIterator[tuple[Simulation, BleakClient]]:
    """To a lock."""
    async with serve({"lock": {**LOCK, **more}}) as simulation:
        found = await BleakScanner.find_device_by_address(ADDRESS.format(0), timeout=SOON_S)
        assert found is not None
        async with BleakClient(found) as client:
            yield simulation, client


class Told(asyncio.Queue[str]):
    """What was notified."""

    def __call__(self, _characteristic: object, data: bytearray) -> None:
        self.put_nowait(data.hex())

    async def next(self) -> str:
        async with asyncio.timeout(SOON_S):
            return await self.get()


async def test_what_is_set_is_read(serve: Serve) -> None:
    async with connected(serve) as (simulation, client):
        await simulation.set("lock", "battery", 77)
        await simulation.set("lock", "label", "how long")
        assert await client.read_gatt_char(BATTERY) == b"\x4d"
        described = client.services.get_characteristic(OPEN_FOR)
        assert described is not None
        (descriptor,) = described.descriptors
        assert descriptor.uuid == LABEL
        assert await client.read_gatt_descriptor(descriptor.handle) == b"how long"


async def test_what_is_written_is_what_a_point_is_worth(serve: Serve) -> None:
    async with connected(serve) as (simulation, client):
        await client.write_gatt_char(OPEN_FOR, b"\x0c", response=True)
        assert await simulation.get("lock", "open_for") == 12


@pytest.mark.parametrize(("where", "data"), [(OPEN_FOR, b"\x0c\x0d"), (ORDERS, b"\xa6\x01")])
async def test_what_makes_no_sense_is_refused(serve: Serve, where: str, data: bytes) -> None:
    async with connected(serve) as (simulation, client):
        with pytest.raises(BleakError, match="Value Not Allowed"):
            await client.write_gatt_char(where, data, response=True)
        assert await simulation.get("lock", "open_for") == 0


async def test_what_changes_is_told(serve: Serve) -> None:
    told = Told()
    async with connected(serve) as (simulation, client):
        await client.start_notify(LOCKED, told)
        await simulation.set("lock", "locked", True)
        assert await told.next() == "01"


async def test_a_command_is_answered_after_it_was_taken(serve: Serve) -> None:
    told = Told()
    async with connected(serve) as (simulation, client):
        await client.start_notify(ORDERS, told)
        await client.write_gatt_char(ORDERS, bytes.fromhex("a51e"), response=True)
        assert await told.next() == "a5"
        assert await simulation.get("lock", "open_for") == 30


async def test_a_device_that_rejects_all_answers_all_the_same(serve: Serve) -> None:
    async with connected(serve) as (simulation, client):
        await simulation.fault("lock", "reject")
        with pytest.raises(BleakError, match="Insufficient Authorization"):
            await client.read_gatt_char(BATTERY)
        await simulation.fault("lock", "well")
        await client.read_gatt_char(BATTERY)


async def test_a_slow_device_answers_in_the_end(serve: Serve) -> None:
    async with connected(serve) as (simulation, client):
        await simulation.fault("lock", "slow:200ms")
        began_s = asyncio.get_running_loop().time()
        await client.read_gatt_char(BATTERY)
        assert asyncio.get_running_loop().time() - began_s >= 0.2


async def test_a_device_that_leaves_in_mid_read_fails_the_read_and_can_come_back(serve: Serve) -> None:
    async with connected(serve) as (simulation, client):
        await simulation.fault("lock", "slow:1h")
        reading = asyncio.create_task(client.read_gatt_char(BATTERY))
        await asyncio.sleep(0)
        await simulation.fault("lock", "out-of-range")
        with pytest.raises(BleakError):
            await reading
        assert not client.is_connected
        await simulation.fault("lock", "well")
        await client.disconnect()
        await client.connect()
        await client.read_gatt_char(BATTERY)


async def test_garbage_is_read_as_long_as_it_should_be(serve: Serve) -> None:
    async with connected(serve) as (simulation, client):
        await simulation.fault("lock", "garbage")
        assert len(await client.read_gatt_char(OPEN_FOR)) == 1
        assert await simulation.get("lock", "open_for") == 0


async def test_a_flood_tells_the_same_again_and_again(serve: Serve) -> None:
    told = Told()
    async with connected(serve) as (simulation, client):
        await client.start_notify(LOCKED, told)
        await simulation.fault("lock", "flood")
        assert [await told.next() for _ in range(50)] == ["00"] * 50
