import asyncio
import os

import pytest
from dbus_fast import Variant

from adapters.ble.air.radio import Radio as Opened
from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus
from gateway.adapter import AdapterError, PermanentError
from tests.ble.air.aloft import COMPANY, SENSOR, files, left_open, link_of, serving, until
from tests.ble.bluez import RADIO, repeated

OTHER_RADIO = "00:1A:7D:DA:71:14"
FCD2 = "0000fcd2-0000-1000-8000-00805f9b34fb"


def saying(radio: Radio, data: bytes = b"\x05", rssi: int = -60) -> None:
    radio.advertise(SENSOR, rssi, name="Oven", manufacturer={COMPANY: data}, tx_power=4)


async def test_what_a_device_advertises_is_heard(radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: saying(radio)):
        advert = await aloft.next()
    assert (advert.address, advert.rssi, advert.name, advert.tx_power) == (SENSOR, -60, "Oven", 4)
    assert advert.manufacturer == {COMPANY: b"\x05"}


async def test_what_is_said_again_unchanged_is_heard_again(radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: saying(radio)):
        first, second = await aloft.next(), await aloft.next()
    assert first.has_same_data(second)


async def test_services_and_their_data_are_heard(radio: Radio) -> None:
    async with (
        serving() as aloft,
        repeated(lambda: radio.advertise(SENSOR, -60, services={FCD2: b"\x40"}, uuids=(FCD2,))),
    ):
        advert = await aloft.next()
    assert (advert.services, advert.uuids) == ({FCD2: b"\x40"}, (FCD2,))


async def test_a_part_that_a_device_says_no_more_is_not_heard_again(radio: Radio) -> None:
    async with serving() as aloft:
        async with repeated(lambda: saying(radio)):
            await aloft.next()
            await aloft.next()
        async with repeated(lambda: radio.advertise(SENSOR, -60, services={FCD2: b"\x40"})):
            advert = await aloft.next(lambda advert: bool(advert.services))
    assert advert.manufacturer == {}


async def test_a_device_that_is_connected_to_is_not_heard_by_that(bluez: Bluez, radio: Radio) -> None:
    async with serving() as aloft:
        async with repeated(lambda: saying(radio)):
            await aloft.next()
        assert radio.adapter is not None
        device = radio.adapter.devices[SENSOR]
        count = len(aloft.heard)
        radio.adapter.daemon.objects.changed(device.path, "org.bluez.Device1", {"Connected": Variant("b", True)})
        radio.advertise("C0:FF:EE:00:00:02", -60)
        await aloft.next(lambda advert: advert.address != SENSOR)
        assert [each.address for each in aloft.heard[count:]] == ["C0:FF:EE:00:00:02"]


async def test_a_radio_is_found_by_its_address(bluez: Bluez) -> None:
    bluez.add_radio(RADIO, "hci0")
    second = bluez.add_radio(OTHER_RADIO, "hci1")
    async with serving(radio=OTHER_RADIO) as aloft, repeated(lambda: saying(second)):
        await aloft.next()
        assert aloft.radio.name == "hci1"


async def test_a_radio_is_found_by_its_name(bluez: Bluez) -> None:
    bluez.add_radio(RADIO, "hci0")
    second = bluez.add_radio(OTHER_RADIO, "hci1")
    async with serving(radio="hci1") as aloft, repeated(lambda: saying(second)):
        await aloft.next()
        assert aloft.radio.address == OTHER_RADIO


async def test_of_several_radios_a_person_must_choose_one(bluez: Bluez) -> None:
    bluez.add_radio(RADIO, "hci0")
    bluez.add_radio(OTHER_RADIO, "hci1")
    with pytest.raises(PermanentError, match=rf"{RADIO} \(hci0\), {OTHER_RADIO} \(hci1\)"):
        await Opened.opened(link_of(), [], print)
    assert left_open() == []


async def test_two_radios_of_one_process_hear_each_their_own(bluez: Bluez) -> None:
    first, second = bluez.add_radio(RADIO, "hci0"), bluez.add_radio(OTHER_RADIO, "hci1")
    async with (
        serving(radio=RADIO) as one,
        serving(radio=OTHER_RADIO) as other,
        repeated(lambda: saying(first, b"\x01")),
        repeated(lambda: saying(second, b"\x02")),
    ):
        await one.next()
        await other.next()
    assert {bytes(each.manufacturer[COMPANY]) for each in one.heard} == {b"\x01"}
    assert {bytes(each.manufacturer[COMPANY]) for each in other.heard} == {b"\x02"}
    assert left_open() == []


async def test_the_first_of_two_radios_to_end_leaves_the_other_its_scan(bluez: Bluez) -> None:
    first, second = bluez.add_radio(RADIO, "hci0"), bluez.add_radio(OTHER_RADIO, "hci1")
    async with serving(radio=OTHER_RADIO) as other, repeated(lambda: saying(second)):
        async with serving(radio=RADIO) as one, repeated(lambda: saying(first)):
            await one.next()
        await other.next()


async def test_radios_on_two_buses_are_refused(radio: Radio, bus: Bus) -> None:
    async with serving(bus=bus.address):
        with pytest.raises(PermanentError, match="on the same D-Bus"):
            await Opened.opened(link_of(bus="unix:path=/nowhere"), [], print)
    assert left_open() == []


async def test_the_bus_of_a_link_is_where_bleak_goes_and_nobody_after_it(
    radio: Radio, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS")
    async with serving(bus=bus.address) as aloft, repeated(lambda: saying(radio)):
        await aloft.next()
    assert "DBUS_SYSTEM_BUS_ADDRESS" not in os.environ


async def test_a_passive_scan_hears_what_changes(radio: Radio) -> None:
    numbers = iter(range(100_000))
    async with serving(scan="passive") as aloft, repeated(lambda: saying(radio, bytes([next(numbers) % 256]))):
        await aloft.next()
        await aloft.next()


async def test_a_scan_that_is_cancelled_as_it_begins_is_ended_also_beside_another_radio(
    bluez: Bluez, radio: Radio
) -> None:
    other, began = bluez.add_radio(OTHER_RADIO, "hci1"), asyncio.Event()
    begin = other.begin_scan

    def begin_scan() -> bool:
        began.set()
        return begin()

    other.begin_scan = begin_scan  # type: ignore[method-assign]
    async with serving(radio=RADIO) as aloft, repeated(lambda: saying(radio)):
        async with serving(radio=OTHER_RADIO):
            await began.wait()
        assert other.adapter is not None
        await until(lambda: other.adapter and not other.adapter.discovery)
        await aloft.next()


async def test_nothing_is_left_open_by_a_radio_that_is_cancelled(radio: Radio) -> None:
    before = files()
    async with serving() as aloft, repeated(lambda: saying(radio)):
        await aloft.next()
    assert left_open() == []
    assert files() == before
    await until(lambda: not scans(radio))


async def test_the_device_that_was_heard_can_be_connected_to(radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: saying(radio)):
        await aloft.next()
        device = aloft.radio.device(SENSOR)
    assert device is not None
    assert device.address == SENSOR


async def test_a_device_that_bluez_drops_is_not_offered_for_connecting(radio: Radio) -> None:
    async with serving() as aloft:
        async with repeated(lambda: saying(radio)):
            await aloft.next()
        device = aloft.radio.device(SENSOR)
        assert device is not None
        await aloft.radio.forget(device)
        assert aloft.radio.device(SENSOR) is None


async def test_without_a_scan_a_device_is_scanned_for_when_it_is_sought(radio: Radio) -> None:
    async with serving(scan="off") as aloft:
        async with repeated(lambda: saying(radio)):
            device = await aloft.radio.seek(SENSOR, 10.0)
        assert device is not None
        await until(lambda: not scans(radio))


async def test_a_device_that_is_nowhere_is_sought_in_vain(radio: Radio) -> None:
    async with serving() as aloft:
        assert await aloft.radio.seek(SENSOR, 0.1) is None


async def test_a_scan_pauses_when_it_is_asked_to(radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: saying(radio)):
        await aloft.next()
        async with aloft.radio.scanner.paused():
            await until(lambda: not scans(radio))
        await aloft.next()


async def test_without_a_radio_it_is_said_so(bluez: Bluez) -> None:
    with pytest.raises(AdapterError, match="no Bluetooth radio: is it plugged in"):
        await Opened.opened(link_of(), [], print)
    assert left_open() == []


def scans(radio: Radio) -> bool:
    """Whether somebody has it scan."""
    return radio.adapter is not None and bool(radio.adapter.discovery)
