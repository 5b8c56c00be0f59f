"""What becomes of a scan when radio, bluetoothd or device go away: as measured with BlueZ 5.66."""

import asyncio

import pytest
from bleak import BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

from adapters.ble.simulator.bluez import Bluez, Mends, Radio, Settings
from adapters.ble.simulator.bus import Bus
from tests.ble.bluez import RADIO, Ear, repeated, scanning

SENSOR = "C0:FF:EE:00:00:01"
MARK = -42
"""The strength that a test's last advertisement has."""


def scanner(ear: Ear) -> BleakScanner:
    return BleakScanner(ear, bluez={"filters": {"DuplicateData": True}})


async def test_data_of_another_company_stay_without_duplicates(radio: Radio) -> None:
    async with scanning(duplicates=False) as ear:
        radio.advertise(SENSOR, -60, manufacturer={1: b"one"})
        radio.advertise(SENSOR, -60, manufacturer={2: b"two"})
        heard = await ear.until(lambda said: 2 in said.manufacturer_data)

    assert heard.manufacturer_data == {1: b"one", 2: b"two"}


async def test_data_of_another_company_are_replaced_with_duplicates(radio: Radio) -> None:
    async with scanning(duplicates=True) as ear:
        radio.advertise(SENSOR, -60, manufacturer={1: b"one"})
        radio.advertise(SENSOR, -60, manufacturer={2: b"two"})
        heard = await ear.until(lambda said: 2 in said.manufacturer_data)

    assert heard.manufacturer_data == {2: b"two"}


async def test_a_filter_by_strength_is_kept(radio: Radio) -> None:
    ear = Ear()
    async with BleakScanner(ear, bluez={"filters": {"RSSI": -70}}):
        radio.advertise("C0:FF:EE:00:00:09", -71)
        radio.advertise(SENSOR, -70)
        await ear.until()

    assert [device.address for device, _ in ear.heard] == [SENSOR]


async def test_nothing_is_heard_while_nobody_scans(radio: Radio) -> None:
    radio.advertise(SENSOR, -60)
    async with scanning() as ear:
        radio.advertise(SENSOR, MARK)
        await ear.until()

    assert [said.rssi for _, said in ear.heard] == [MARK]


async def test_a_radio_that_is_switched_off_is_one_callback_and_then_silence(radio: Radio) -> None:
    ear = Ear()
    scan = scanner(ear)
    await scan.start()
    radio.advertise(SENSOR, -60)
    await ear.until()
    radio.set_powered(False)
    await ear.until(lambda said: said.rssi == -127)
    radio.set_powered(True)
    radio.advertise(SENSOR, -60)
    with pytest.raises(BleakDBusError, match="No discovery started"):
        await scan.stop()

    assert [said.rssi for _, said in ear.heard] == [-60, -127]


async def test_a_scan_begins_anew_after_the_radio_was_off(radio: Radio) -> None:
    ear = Ear()
    scan = scanner(ear)
    await scan.start()
    radio.set_powered(False)
    radio.set_powered(True)
    with pytest.raises(BleakDBusError):
        await scan.stop()
    await scan.start()
    radio.advertise(SENSOR, MARK)
    await ear.until(lambda said: said.rssi == MARK)
    await scan.stop()


async def test_a_radio_that_is_off_says_so(radio: Radio) -> None:
    radio.set_powered(False)

    with pytest.raises(BleakBluetoothNotAvailableError, match="No powered Bluetooth adapters found"):
        await BleakScanner.discover(timeout=0.1)
    with pytest.raises(BleakDBusError, match="NotReady"):
        await BleakScanner.discover(timeout=0.1, bluez={"adapter": "hci0"})


async def test_a_radio_that_is_not_there_says_so(bluez: Bluez) -> None:
    with pytest.raises(BleakBluetoothNotAvailableError, match="No Bluetooth adapters found"):
        await BleakScanner.discover(timeout=0.1)


async def test_a_radio_that_is_pulled_out_is_one_callback_and_then_silence(radio: Radio) -> None:
    ear = Ear()
    scan = scanner(ear)
    await scan.start()
    radio.advertise(SENSOR, -60)
    await ear.until()
    radio.remove()
    await ear.until(lambda said: said.rssi == -127)

    with pytest.raises(BleakDBusError):
        await scan.stop()
    with pytest.raises(BleakError, match="adapter 'hci0' not found"):
        await BleakScanner.discover(timeout=0.1, bluez={"adapter": "hci0"})


async def test_after_a_crash_nobody_can_scan_until_the_radio_was_off(bluez: Bluez, radio: Radio) -> None:
    ear = Ear()
    scan = scanner(ear)
    await scan.start()
    radio.advertise(SENSOR, -60)
    await ear.until()
    await bluez.crash()
    await bluez.start()
    with pytest.raises(BleakDBusError, match="No discovery started"):
        await scan.stop()
    with pytest.raises(BleakDBusError, match="InProgress"):
        await scan.start()
    radio.set_powered(False)
    radio.set_powered(True)
    await scan.start()
    radio.advertise(SENSOR, MARK)
    await ear.until(lambda said: said.rssi == MARK)
    await scan.stop()


@pytest.mark.parametrize("mends", [Mends.RESTART, Mends.POWER])
async def test_a_stuck_scan_hears_nothing_until_it_is_mended(radio: Radio, mends: Mends) -> None:
    async with scanning():
        radio.stick_scan(mends)
    if mends is Mends.POWER:
        async with scanning() as still:
            radio.advertise(SENSOR, -60)
        assert not still.heard
        radio.set_powered(False)
        radio.set_powered(True)
    async with scanning() as again:
        radio.advertise(SENSOR, MARK)
        await again.until()

    assert [said.rssi for _, said in again.heard] == [MARK]


async def test_a_stuck_scan_hears_nothing(radio: Radio) -> None:
    async with scanning() as ear:
        radio.stick_scan()
        radio.advertise(SENSOR, -60)

    assert not ear.heard


async def test_a_device_is_forgotten_when_it_was_not_heard_for_long(bus: Bus) -> None:
    async with Bluez(bus.address, Settings(temporary_s=0.1)) as bluez:
        radio = bluez.add_radio(RADIO)
        async with scanning() as ear, repeated(lambda: radio.advertise("C0:FF:EE:00:00:09", -60)):
            radio.advertise(SENSOR, MARK)
            await ear.until(lambda said: said.rssi == MARK)
            assert radio.adapter is not None
            async with asyncio.timeout(10):
                while SENSOR in radio.adapter.devices:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            assert [*radio.adapter.devices] == ["C0:FF:EE:00:00:09"]


async def test_a_device_out_of_range_is_not_heard(radio: Radio) -> None:
    async with scanning() as ear:
        radio.vanish(SENSOR)
        radio.advertise(SENSOR, -60)
        radio.appear(SENSOR)
        radio.advertise(SENSOR, MARK)
        await ear.until()

    assert [said.rssi for _, said in ear.heard] == [MARK]


async def test_a_call_can_be_made_to_fail_so_many_times(bluez: Bluez, radio: Radio) -> None:
    busy = bluez.inject("Adapter1.StartDiscovery", error=("org.bluez.Error.InProgress", "busy"), times=2)
    for _ in range(2):
        with pytest.raises(BleakDBusError, match="InProgress"):
            await BleakScanner.discover(timeout=0.1)
    await BleakScanner.discover(timeout=0.01)

    assert busy.met == 2


async def test_a_call_can_be_left_unanswered(bluez: Bluez, radio: Radio) -> None:
    silence = bluez.inject("Adapter1.StartDiscovery", hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await BleakScanner.discover(timeout=0.1)
    bluez.mend(silence)

    await BleakScanner.discover(timeout=0.01)


async def test_two_radios_hear_apart(bluez: Bluez, radio: Radio) -> None:
    other = bluez.add_radio("00:1A:7D:DA:71:14", "hci1")
    one, two = Ear(), Ear()
    async with BleakScanner(one, bluez={"adapter": "hci0"}), BleakScanner(two, bluez={"adapter": "hci1"}):
        radio.advertise(SENSOR, -60)
        other.advertise(SENSOR, -70)
        await one.until()
        await two.until()

    assert [said.rssi for _, said in one.heard] == [-60]
    assert [said.rssi for _, said in two.heard] == [-70]
