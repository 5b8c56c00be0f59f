import asyncio
from typing import Any

import pytest

from adapters.ble.simulator.bluez import Bluez, Peripheral, Radio
from gateway.model import BadReason, DeviceState
from tests.ble.gatt.site import LEVEL, OWN, TOLD, device, sensor, site, until
from tests.ble.simulator.bluez.lock import connected

POINTS = {
    "battery": {"characteristic": LEVEL, "type": "uint8"},
    "warmth": {"characteristic": "temperature"},
}
QUICK: dict[str, Any] = {"connect_timeout": "400ms"}


async def test_a_device_that_vanishes_in_a_read_is_said_to_be_gone_and_is_read_when_it_is_back(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.visits.SEEK_S", 0.3)
    peripheral = sensor()

    async def vanish() -> bytes:
        radio.vanish(peripheral.address)
        await asyncio.Event().wait()
        return b""

    async with site(radio, [peripheral], {"sensor": device(points=POINTS)}) as here:
        await here.emitted.sample("sensor")
        peripheral.characteristic(LEVEL).read = vanish
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "out-of-range"
        assert {bad.reason for bad in here.emitted.bad("sensor").values()} == {BadReason.NO_LINK}
        assert here.adapter.counters()["connect_tries"] == 1
        peripheral.characteristic(LEVEL).read = None
        radio.appear(peripheral.address)
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_connection_that_goes_down_in_a_read_once_is_made_again_and_nobody_is_told(radio: Radio) -> None:
    peripheral, reads = sensor(), 0

    def hang_up() -> bytes:
        nonlocal reads
        reads += 1
        if reads == 3:
            peripheral.hang_up()
        return b"\x01"

    peripheral.characteristic(LEVEL).read = hang_up
    async with site(radio, [peripheral], {"sensor": device(points=POINTS)}) as here:
        await here.emitted.sample("sensor", 5)
        assert here.adapter.counters()["connects"] == 2
        assert here.emitted.states("sensor") == [DeviceState.ONLINE]
        assert not any(sample.bad for sample in here.emitted.samples("sensor"))


async def test_a_device_that_vanishes_while_its_services_are_learnt_is_tried_again(radio: Radio) -> None:
    peripheral = sensor(resolve_s=None)
    async with site(radio, [peripheral], {"sensor": device(points=POINTS)}) as here:
        await until(lambda: peripheral.connected)
        peripheral.resolve_s = 0.0
        peripheral.hang_up()
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_services_that_are_never_learnt_are_given_up(radio: Radio) -> None:
    peripheral = sensor(resolve_s=None)
    async with site(radio, [peripheral], {"sensor": device(points=POINTS, gatt={"attempts": 1})}, **QUICK) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "unreachable"
        await until(lambda: not peripheral.connected)
        peripheral.resolve_s = 0.0
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_device_that_vanishes_while_it_is_connected_to_is_tried_again(radio: Radio) -> None:
    peripheral = sensor(connect_s=None)
    async with site(radio, [peripheral], {"sensor": device(points=POINTS)}, connect_timeout="1s") as here:
        await until(lambda: here.adapter.counters()["connect_tries"])
        radio.vanish(peripheral.address)
        peripheral.connect_s = 0.0
        radio.appear(peripheral.address)
        await here.emitted.state("sensor", DeviceState.ONLINE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("org.bluez.Error.Failed", "le-connection-abort-by-local"),
        ("org.bluez.Error.Failed", "br-connection-canceled"),
        ("org.bluez.Error.InProgress", "Operation already in progress"),
        ("org.bluez.Error.NotReady", "Resource Not Ready"),
        ("org.freedesktop.DBus.Error.UnknownObject", 'Method "Connect" doesn\'t exist'),
        ("org.freedesktop.DBus.Error.NoReply", "Message recipient disconnected"),
    ],
)
async def test_what_is_over_in_a_moment_is_tried_again_and_nobody_is_told(
    radio: Radio, bluez: Bluez, name: str, text: str
) -> None:
    failing = bluez.inject("Device1.Connect", error=(name, text), times=2)
    async with site(radio, [sensor()], {"sensor": device(points=POINTS)}, **QUICK) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.states("sensor") == [DeviceState.ONLINE]
    assert failing.met == 2


async def test_a_refused_connection_is_said_in_words(radio: Radio, bluez: Bluez) -> None:
    bluez.inject("Device1.Connect", error=("org.bluez.Error.Failed", "le-connection-refused"))
    async with site(radio, [sensor()], {"sensor": device(points=POINTS, gatt={"attempts": 2})}) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "unreachable"
        assert here.detail("sensor") == "the connection does not come about (Failed: le-connection-refused)"
        bluez.mend()
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_connect_that_is_never_answered_is_given_up_with_all_that_it_opened(radio: Radio, bluez: Bluez) -> None:
    bluez.inject("Device1.Connect", hang=True, times=1)
    bluez.inject("Device1.Disconnect", hang=True, times=1)
    async with site(radio, [sensor()], {"sensor": device(points=POINTS)}, **QUICK) as here:
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_disconnect_that_is_never_answered_hinders_nobody(
    radio: Radio, bluez: Bluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.connection.DISCONNECT_S", 0.2)
    given = device(points=POINTS, every="200ms", gatt={"idle": "0s"})
    async with site(radio, [sensor()], {"sensor": given}) as here:
        await here.emitted.sample("sensor")
        hung = bluez.inject("Device1.Disconnect", hang=True, times=1)
        await until(lambda: hung.met)
        await here.emitted.sample("sensor", 2)


async def test_a_device_that_is_not_heard_is_not_connected_to(radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ble.gatt.visits.FIND_S", 0.3)
    absent, present = sensor("C0:FF:EE:00:00:11"), sensor()
    radio.vanish(absent.address)
    devices = {"absent": device(absent.address, points=POINTS), "sensor": device(points=POINTS)}
    async with site(radio, [absent, present], devices, connections=1) as here:
        await here.emitted.state("absent", DeviceState.OFFLINE)
        assert here.reason("absent") == "out-of-range"
        assert "is it on, and near enough?" in here.detail("absent")
        assert here.adapter.counters()["connect_tries"] == here.adapter.counters()["connects"] > 0
        radio.appear(absent.address)
        await here.emitted.state("absent", DeviceState.ONLINE)


async def test_without_a_scan_it_is_looked_for_only_to_connect(radio: Radio) -> None:
    async with site(radio, [sensor()], {"sensor": device(points=POINTS)}, scan="off") as here:
        await here.emitted.sample("sensor", 3)
        await until(lambda: radio.adapter is not None and not radio.adapter.discovery)


async def test_the_scan_pauses_while_it_is_connected_where_the_radio_can_not_do_both(radio: Radio) -> None:
    peripheral = sensor(connect_s=0.2)
    seen: list[bool] = []
    async with site(radio, [peripheral], {"sensor": device(points=POINTS)}, pause_scan=True) as here:
        while not peripheral.connected:
            if radio.adapter is not None and peripheral.link is None and here.adapter.counters()["connect_tries"]:
                seen.append(bool(radio.adapter.discovery))
            await asyncio.sleep(0.01)
        await here.emitted.sample("sensor")
    assert seen[-1:] == [False]


async def test_a_device_is_not_called_out_of_range_because_the_scan_has_paused(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.visits.FIND_S", 0.2)
    stubborn, late = sensor("C0:FF:EE:00:00:11", connect_s=None), sensor()
    radio.vanish(late.address)
    devices = {"stubborn": device(stubborn.address, points=POINTS), "late": device(late.address, points=POINTS)}
    async with site(radio, [stubborn, late], devices, pause_scan=True, connect_timeout="1s") as here:
        await until(lambda: here.adapter.counters()["connect_tries"])
        radio.appear(late.address)
        await here.emitted.state("late", DeviceState.ONLINE)
        assert here.emitted.states("late") == [DeviceState.ONLINE]


async def test_it_ends_with_the_radio_when_bluez_is_started_anew_though_bleak_believes_in_the_connection(
    radio: Radio, bluez: Bluez
) -> None:
    async with site(radio, [sensor()], {"sensor": device(points=POINTS)}, ends=True) as here:
        await here.emitted.sample("sensor")
        await bluez.crash()
        await until(lambda: here.emitted.over)
    assert "BlueZ has ended" in here.ended


async def learnt_without_its_own(radio: Radio, peripheral: Peripheral) -> None:
    """BlueZ has seen its services before its firmware was changed."""
    whole = peripheral.services
    peripheral.services = whole[:1]
    async with connected(radio, peripheral):
        pass
    peripheral.services = whole


async def test_services_that_bluez_remembers_wrongly_are_learnt_anew(radio: Radio) -> None:
    peripheral = sensor()
    await learnt_without_its_own(radio, peripheral)
    points = {"x": {"characteristic": OWN, "type": "uint8"}}
    async with site(radio, [peripheral], {"sensor": device(points=points)}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"x": 0}
        assert here.emitted.states("sensor") == [DeviceState.ONLINE]


async def test_what_would_end_its_pairing_is_not_done_for_that(radio: Radio) -> None:
    peripheral = sensor()
    await learnt_without_its_own(radio, peripheral)
    points = {"x": {"characteristic": OWN, "type": "uint8"}}
    async with site(radio, [peripheral], {"sensor": device(points=points, gatt={"pair": True})}) as here:
        await here.emitted.state("sensor", DeviceState.DEGRADED)
        assert "it has no characteristic" in here.detail("sensor")


async def test_notifying_devices_that_drop_the_connection_each_time_are_given_up_for_a_while(radio: Radio) -> None:
    peripheral = sensor()
    points = {"count": {"characteristic": TOLD, "type": "uint8", "notify": True}}
    async with site(radio, [peripheral], {"sensor": device(points=points)}) as here:
        while DeviceState.OFFLINE not in here.emitted.states("sensor"):
            await until(lambda: peripheral.connected)
            peripheral.hang_up()
        await here.emitted.state("sensor", DeviceState.ONLINE)


async def test_a_device_that_takes_no_connection_is_named_before_all_tries_have_taken_too_long(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ble.gatt.connecting.ENOUGH_S", 0.7)
    async with site(radio, [sensor(connect_s=None)], {"sensor": device(points=POINTS)}, **QUICK) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "unreachable"
        assert here.adapter.counters()["connect_tries"] < 3
