from bleak import BleakScanner

from adapters.ble.simulator.bluez import Radio
from tests.ble.bluez import repeated, scanning

SENSOR = "C0:FF:EE:00:00:01"
THERMOMETER = "00001809-0000-1000-8000-00805f9b34fb"
BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"


async def test_a_scanner_hears_all_that_an_advertisement_says(radio: Radio) -> None:
    async with scanning() as ear:
        radio.advertise(
            SENSOR,
            -61,
            name="Cold room",
            manufacturer={0x0499: b"\x05\x01"},
            services={BTHOME: b"\x40\x02"},
            uuids=(THERMOMETER,),
            tx_power=4,
        )
        heard = await ear.until()

    device, _ = ear.heard[0]
    assert (device.address, device.name) == (SENSOR, "Cold room")
    assert heard.local_name == "Cold room"
    assert heard.manufacturer_data == {0x0499: b"\x05\x01"}
    assert heard.service_data == {BTHOME: b"\x40\x02"}
    assert heard.service_uuids == [THERMOMETER]
    assert (heard.tx_power, heard.rssi) == (4, -61)


async def test_the_same_advertisement_is_heard_each_time(radio: Radio) -> None:
    async with scanning() as ear:
        for _ in range(20):
            radio.advertise(SENSOR, -61, manufacturer={1: b"same"})
        radio.advertise(SENSOR, -60, manufacturer={1: b"same"})
        await ear.until(lambda said: said.rssi == -60)

    assert len(ear.heard) == 21


async def test_a_find_returns(radio: Radio) -> None:
    async with repeated(lambda: radio.advertise(SENSOR, -50, name="Lock")):
        found = await BleakScanner.find_device_by_name("Lock", timeout=10)

    assert found is not None
    assert found.address == SENSOR
