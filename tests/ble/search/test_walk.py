"""A device is connected to, and all that it offers is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink, full_uuid
from adapters.ble.simulator.bluez import AttError, Characteristic, Descriptor, Peripheral, Radio, Service
from gateway.adapter import Rejected
from gateway.model import Command, Result, ResultStatus
from tests.ble.bluez import SOON_S, repeated

LOCK = "C0:FF:EE:00:00:02"
BOLT, ALARM, CONTROL = (full_uuid(number) for number in (0xFFF1, 0xFFF2, 0xFFF3))


def lock() -> Peripheral:
    named = [Descriptor(full_uuid(0x2901), b"Bolt position")]
    return Peripheral(
        LOCK,
        "Lock",
        [
            Service(full_uuid(0x180F), [Characteristic(full_uuid(0x2A19), ["read", "notify"], b"\x5a")]),
            Service(
                full_uuid(0xFFF0),
                [
                    Characteristic(BOLT, ["read", "notify"], b"\x01", descriptors=named),
                    Characteristic(ALARM, ["read"], b"armed"),
                    Characteristic(CONTROL, ["write"]),
                ],
            ),
        ],
    )


def device(**settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "l", "address": LOCK, "points": {"present": {}}, **settings})


@asynccontextmanager
async def running(
    radio: Radio, peripheral: Peripheral | None, lock: BleDevice, **link: Any
) -> AsyncIterator[BleAdapter]:
    """With a device that is heard."""
    if peripheral is not None:
        radio.add(peripheral)
    adapter = BleAdapter(BleLink.model_validate({"adapter": "ble", **link}), {"lock": lock}, {"lock": {}})
    heard = asyncio.Event()
    work = asyncio.create_task(adapter.run(lambda _item: heard.set()))  # type: ignore[arg-type]  # nobody waits for a disk
    try:
        async with repeated(lambda: radio.advertise(LOCK, -50, name="Lock")):
            async with asyncio.timeout(SOON_S):
                await heard.wait()
            yield adapter
    finally:
        work.cancel()
        await asyncio.wait({work})


async def looked_at(adapter: BleAdapter, what: str = "gatt", within_s: float = 30.0) -> Result:
    deadline_s = asyncio.get_running_loop().time() + within_s
    return await adapter.peek(Command("c1", "lock", deadline_s, peek=what))


def offered(result: Result) -> dict[str, dict[str, Any]]:
    """Characteristics by UUID."""
    (found,) = result.found
    return {each["uuid"]: each for service in found["services"] for each in service["characteristics"]}


async def test_services_have_their_names_and_characteristics_their_values(radio: Radio) -> None:
    async with running(radio, lock(), device()) as adapter:
        result = await looked_at(adapter)

    assert result.status is ResultStatus.DONE
    (found,) = result.found
    assert [(each["uuid"], each["name"]) for each in found["services"]] == [("180f", "battery service"), ("fff0", "")]
    there = offered(result)
    assert there["2a19"]["name"] == "battery level"
    assert there["2a19"]["values"] == {"battery_level": {"value": 90, "unit": "%"}}
    assert (there["fff1"]["hex"], there["fff1"]["description"]) == ("01", "Bolt position")
    assert there["fff2"]["text"] == "armed"
    assert there["fff3"] == {"uuid": "fff3", "properties": ["write"]}
    assert found["points"] == {
        "battery_level": {"characteristic": "battery_level", "notify": True},
        "bolt_position": {"characteristic": "fff1", "type": "uint8", "notify": True},
        "c_fff2": {"characteristic": "fff2", "type": "string"},
    }


async def test_a_device_that_is_connected_for_its_points_is_looked_at_over_that_connection(radio: Radio) -> None:
    points = {"bolt": {"characteristic": "fff1", "type": "uint8", "notify": True}}
    async with running(radio, lock(), device(points=points)) as adapter:
        assert offered(await looked_at(adapter))["fff1"]["hex"] == "01"


async def test_what_can_not_be_read_says_why_and_the_rest_is_read(radio: Radio) -> None:
    def refuse() -> bytes:
        raise AttError(0x05)

    peripheral = lock()
    peripheral.characteristic(BOLT).read = refuse
    async with running(radio, peripheral, device()) as adapter:
        there = offered(await looked_at(adapter))

    assert "paired" in there["fff1"]["trouble"]
    assert there["fff2"]["text"] == "armed"


async def test_what_does_not_answer_ends_the_reading_but_not_the_list(radio: Radio) -> None:
    async def hang() -> bytes:
        await asyncio.Event().wait()
        return b""

    peripheral = lock()
    peripheral.characteristic(BOLT).read = hang
    async with running(radio, peripheral, device(gatt={"timeout": "200ms"})) as adapter:
        there = offered(await looked_at(adapter))

    assert there["2a19"]["hex"] == "5a"
    assert there["fff1"]["trouble"].startswith("it does not answer")
    assert there["fff2"]["trouble"] == "not read"


async def test_a_device_that_takes_no_connection_is_unreachable(radio: Radio) -> None:
    async with running(radio, None, device(gatt={"attempts": 1}), connect_timeout="300ms") as adapter:
        result = await looked_at(adapter)

    assert result.status is ResultStatus.UNREACHABLE
    assert result.detail


async def test_without_a_radio_there_is_no_connection() -> None:
    adapter = BleAdapter(BleLink.model_validate({"adapter": "ble"}), {"lock": device()}, {"lock": {}})
    assert (await looked_at(adapter)).reason == "no-link"


async def test_registers_are_none_of_bluetooth() -> None:
    adapter = BleAdapter(BleLink.model_validate({"adapter": "ble"}), {"lock": device()}, {"lock": {}})
    with pytest.raises(Rejected, match="--gatt"):
        await looked_at(adapter, "holding:100")
