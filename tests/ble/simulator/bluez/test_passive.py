import asyncio

import pytest
from bleak import BleakScanner
from bleak.args.bluez import OrPattern
from bleak.assigned_numbers import AdvertisementDataType
from bleak.exc import BleakError

from adapters.ble.simulator.bluez import Bluez, Radio, Settings
from adapters.ble.simulator.bus import Bus
from tests.ble.bluez import RADIO, Ear

SENSOR = "C0:FF:EE:00:00:01"
RUUVI = OrPattern(0, AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA, b"\x99\x04")


def passive(ear: Ear, *patterns: OrPattern) -> BleakScanner:
    return BleakScanner(ear, scanning_mode="passive", bluez={"or_patterns": [*(patterns or (RUUVI,))]})


async def heard_by(radio: Radio) -> None:
    """Return when there is a monitor."""
    async with asyncio.timeout(10):
        while radio.adapter is None or not radio.adapter.monitors:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_passive_scan_hears_what_its_patterns_say(radio: Radio) -> None:
    ear = Ear()
    async with passive(ear):
        await heard_by(radio)
        radio.advertise("C0:FF:EE:00:00:09", -60, manufacturer={0x004C: b"\x02"})
        radio.advertise(SENSOR, -60, manufacturer={0x0499: b"\x05"})
        await ear.until()

    assert [device.address for device, _ in ear.heard] == [SENSOR]


async def test_what_does_not_change_is_heard_once(radio: Radio) -> None:
    ear = Ear()
    async with passive(ear):
        await heard_by(radio)
        for _ in range(5):
            radio.advertise(SENSOR, -60, manufacturer={0x0499: b"same"})
        radio.advertise(SENSOR, -60, manufacturer={0x0499: b"news"})
        await ear.until(lambda said: said.manufacturer_data == {0x0499: b"news"})

    assert len(ear.heard) == 2


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (AdvertisementDataType.SERVICE_DATA_UUID16, b"\xd2\xfc"),
        (AdvertisementDataType.COMPLETE_LOCAL_NAME, b"Cold"),
        (AdvertisementDataType.FLAGS, b"\x06"),
    ],
)
async def test_patterns_may_be_of_any_data(radio: Radio, kind: AdvertisementDataType, content: bytes) -> None:
    ear = Ear()
    async with passive(ear, OrPattern(0, kind, content)):
        await heard_by(radio)
        radio.advertise(SENSOR, -60, name="Cold room", services={"0000fcd2-0000-1000-8000-00805f9b34fb": b"\x40"})
        await ear.until()


async def test_a_passive_scan_ends(radio: Radio) -> None:
    async with passive(Ear()):
        await heard_by(radio)
    assert radio.adapter is not None

    assert not radio.adapter.monitors


async def test_without_experimental_there_is_no_passive_scan(bus: Bus) -> None:
    async with Bluez(bus.address, Settings(experimental=False)) as bluez:
        bluez.add_radio(RADIO)
        with pytest.raises(BleakError, match="with --experimental enabled"):
            await passive(Ear()).start()
