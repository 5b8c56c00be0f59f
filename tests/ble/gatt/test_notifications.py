import asyncio
import socket
from typing import Any

import pytest
from bleak.backends.bluezdbus.client import BleakClientBlueZDBus

from adapters.ble.simulator.bluez import Bluez, Radio
from gateway.model import Bad, BadReason, DeviceState
from tests.ble.gatt.site import LEVEL, OWN, TOLD, device, sensor, site, until

COUNT = {"count": {"characteristic": TOLD, "type": "uint16", "notify": True}}
BATTERY = {"battery": {"characteristic": "battery_level", "notify": True}}


async def test_notifications_come_as_they_are_told_in_their_order(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        for number in range(40):
            assert peripheral.notify(TOLD, number.to_bytes(2, "big"))
        await here.emitted.until(lambda: len(here.emitted.samples("sensor")) == 40)
        assert [sample.values for sample in here.emitted.samples("sensor")] == [(number,) for number in range(40)]


async def test_what_only_indicates_is_told_as_well(radio: Radio) -> None:
    peripheral = sensor()
    peripheral.characteristic(TOLD).flags = ["indicate"]
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        peripheral.notify(TOLD, b"\x00\x07")
        await here.emitted.until(lambda: here.emitted.samples("sensor"))
        assert here.emitted.values("sensor") == {"count": 7}


async def test_what_it_is_at_first_is_read_and_told_once(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=BATTERY)}) as here:
        await here.emitted.sample("sensor")
        peripheral.notify(LEVEL, b"\x50")
        await here.emitted.until(lambda: here.emitted.values("sensor") == {"battery": 80})
        assert [sample.values for sample in here.emitted.samples("sensor")] == [(90,), (80,)]


async def test_what_is_told_again_and_again_is_no_echo(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=BATTERY)}) as here:
        await here.emitted.sample("sensor")
        for _ in range(5):
            peripheral.notify(LEVEL, b"\x5a")
        await here.emitted.until(lambda: len(here.emitted.samples("sensor")) >= 5)


async def test_a_flood_is_thinned_out_to_the_newest_and_counted(radio: Radio) -> None:
    peripheral = sensor()
    given = device(points=COUNT, gatt={"max_notifications": "20/s"})
    async with site(radio, [peripheral], {"sensor": given}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        for number in range(500):
            peripheral.notify(TOLD, number.to_bytes(2, "big"))
        await here.emitted.until(lambda: any(sample.values == (499,) for sample in here.emitted.samples("sensor")))
        values = [sample.values[0] for sample in here.emitted.samples("sensor")]
        assert values[:20] == list(range(20))
        assert values == sorted(values, key=lambda value: int(value or 0))
        assert len(values) + here.adapter.counters()["left_out"] == 500
        assert len(values) < 100
        (notice,) = here.emitted.notices("sensor")
        assert "more than 20 times a second" in notice


async def test_points_that_are_read_and_points_that_are_told_share_a_connection(radio: Radio) -> None:
    peripheral = sensor()
    points = {**COUNT, "warmth": {"characteristic": "temperature"}}
    async with site(radio, [peripheral], {"sensor": device(points=points)}) as here:
        await here.emitted.sample("sensor", 3)
        peripheral.notify(TOLD, b"\x00\x01")
        await here.emitted.until(lambda: any(each.values == (1,) for each in here.emitted.samples("sensor")))
        assert here.adapter.counters()["connects"] == 1


async def test_it_is_listened_to_again_when_the_device_comes_back(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        peripheral.hang_up()
        await until(lambda: peripheral.notify(TOLD, b"\x00\x01"))
        await here.emitted.until(lambda: here.emitted.samples("sensor"))
        assert here.emitted.values("sensor") == {"count": 1}


async def test_what_was_told_is_bad_once_the_device_is_out_of_range(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.visits.SEEK_S", 0.3)
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        peripheral.notify(TOLD, b"\x00\x01")
        radio.vanish(peripheral.address)
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        await here.emitted.until(lambda: here.emitted.bad("sensor") == {"count": Bad(BadReason.NO_LINK)})
        radio.appear(peripheral.address)
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_characteristic_that_can_not_be_notified_is_said_to_be_so(radio: Radio) -> None:
    points = {"first": {"characteristic": OWN, "type": "uint8", "at": 0, "notify": True}, **COUNT}
    async with site(radio, [sensor()], {"sensor": device(points=points)}) as here:
        await here.emitted.state("sensor", DeviceState.DEGRADED)
        assert "can't be notified: it offers only read, write" in here.detail("sensor")


async def test_notifications_that_are_busy_at_first_are_begun_again(radio: Radio, bluez: Bluez) -> None:
    busy = bluez.inject("GattCharacteristic1.StartNotify", error=("org.bluez.Error.InProgress", "In Progress"), times=2)
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        assert busy.met == 2
        assert peripheral.notify(TOLD, b"\x00\x01")


async def test_a_point_that_is_only_told_is_waited_for_when_it_is_read(radio: Radio) -> None:
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        reading = asyncio.create_task(here.read("count"))
        while not reading.done():
            peripheral.notify(TOLD, b"\x00\x09")
            await asyncio.wait({reading}, timeout=0.05)
        assert reading.result().values == {"count": 9}


async def test_more_that_are_kept_than_there_are_connections_is_said(radio: Radio) -> None:
    address = "C0:FF:EE:00:00:11"
    devices = {"one": device(points=COUNT), "two": device(address, points=COUNT)}
    async with site(radio, [sensor(), sensor(address)], devices, connections=1) as here:
        await here.emitted.until(lambda: here.emitted.notices("one") and here.emitted.notices("two"))
        assert "they take turns" in here.emitted.notices("one")[0]


async def test_where_d_bus_ends_the_connection_of_one_device_it_is_listened_to_anew(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: list[Any] = []
    connect = BleakClientBlueZDBus.connect

    async def noted(client: BleakClientBlueZDBus, **given: Any) -> None:
        clients.append(client)
        await connect(client, **given)

    monkeypatch.setattr(BleakClientBlueZDBus, "connect", lambda client, pair: noted(client, pair=pair))
    peripheral = sensor()
    async with site(radio, [peripheral], {"sensor": device(points=COUNT)}) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)
        clients[0]._bus._sock.shutdown(socket.SHUT_RDWR)
        await until(lambda: here.adapter.counters()["connects"] == 2)
        await until(lambda: peripheral.notify(TOLD, b"\x00\x09"))
        await here.emitted.until(lambda: here.emitted.samples("sensor"))
        assert here.emitted.values("sensor") == {"count": 9}
