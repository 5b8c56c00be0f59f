import asyncio
from typing import Any

import pytest

from adapters.ble.simulator.bluez import Peripheral, Radio
from gateway.model import DeviceState
from tests.ble.gatt.site import LEVEL, TOLD, device, sensor, site, until

POINTS = {"battery": {"characteristic": LEVEL, "type": "uint8"}}
TOLD_POINTS = {"count": {"characteristic": TOLD, "type": "uint8", "notify": True}}


def fleet(count: int, **more: Any) -> dict[str, Peripheral]:
    return {f"d{number}": sensor(f"C0:FF:EE:00:01:{number:02X}", **more) for number in range(count)}


async def test_more_devices_than_connections_are_all_read(radio: Radio) -> None:
    peripherals, most = fleet(5), 0
    devices = {name: device(each.address, points=POINTS) for name, each in peripherals.items()}
    async with site(radio, [*peripherals.values()], devices, connections=2) as here:
        while not all(len(here.emitted.samples(name)) >= 3 for name in devices):
            most = max(most, sum(each.connected for each in peripherals.values()))
            await asyncio.sleep(0.005)
        assert all(here.emitted.states(name) == [DeviceState.ONLINE] for name in devices)
    assert most <= 2


async def test_only_one_connection_is_made_at_a_time(radio: Radio) -> None:
    peripherals = fleet(4)
    busy, most = 0, 0
    reached = radio.reached

    async def slowly(address: str) -> Peripheral:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        try:
            await asyncio.sleep(0.05)
            return await reached(address)
        finally:
            busy -= 1

    radio.reached = slowly  # type: ignore[method-assign]
    devices = {name: device(each.address, points=POINTS) for name, each in peripherals.items()}
    async with site(radio, [*peripherals.values()], devices, connections=4) as here:
        await here.emitted.until(lambda: all(here.emitted.samples(name) for name in devices))
    assert most == 1


async def test_devices_that_take_no_connection_cost_the_others_little(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.connecting.YIELD_S", 0.2)
    live, dead = fleet(2), {"dead": sensor("C0:FF:EE:00:02:01", connect_s=None)}
    devices = {
        name: device(each.address, points=POINTS, gatt={"idle": "0s", "attempts": 1})
        for name, each in (live | dead).items()
    }
    async with site(radio, [*live.values(), *dead.values()], devices, connections=1, connect_timeout="400ms") as here:
        await here.emitted.state("dead", DeviceState.OFFLINE)
        before = {name: len(here.emitted.samples(name)) for name in live}
        await here.emitted.until(
            lambda: all(len(here.emitted.samples(name)) >= before[name] + 8 for name in live), 20.0
        )
        assert here.emitted.states("dead") == [DeviceState.OFFLINE]
        assert not any(sample.bad for name in live for sample in here.emitted.samples(name))


async def test_kept_ones_that_are_too_many_take_turns(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ble.gatt.slots.KEPT_TURN_S", 0.2)
    peripherals = fleet(3)
    devices = {name: device(each.address, points=TOLD_POINTS) for name, each in peripherals.items()}
    had: dict[str, int] = dict.fromkeys(peripherals, 0)
    async with site(radio, [*peripherals.values()], devices, connections=2):
        while min(had.values()) < 2:
            for name, each in peripherals.items():
                had[name] += each.notify(TOLD, b"\x01")
            await asyncio.sleep(0.02)


async def test_kept_ones_give_way_to_who_wants_a_connection_now_and_then(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.slots.KEPT_TURN_S", 0.2)
    kept, other = sensor(), sensor("C0:FF:EE:00:00:11")
    devices = {"kept": device(points=TOLD_POINTS), "other": device(other.address, points=POINTS, every="400ms")}
    async with site(radio, [kept, other], devices, connections=1) as here:
        await here.emitted.sample("other", 3)
        await until(lambda: kept.notify(TOLD, b"\x01"))


async def test_a_command_goes_before_reads_of_other_devices_that_wait(radio: Radio) -> None:
    peripherals = fleet(4)
    devices = {name: device(each.address, points=POINTS) for name, each in peripherals.items()}
    async with site(radio, [*peripherals.values()], devices, connections=1) as here:
        await here.emitted.until(lambda: all(here.emitted.samples(name) for name in devices))
        results = await asyncio.gather(*(here.read("battery", device=name) for name in devices))
        assert all(result.values == {"battery": 90} for result in results)
