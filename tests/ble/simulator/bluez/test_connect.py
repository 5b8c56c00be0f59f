"""Connections that don't come about, and those that end."""

import asyncio

import pytest
from bleak import BleakClient
from bleak.exc import BleakDBusError, BleakDeviceNotFoundError, BleakError

from adapters.ble.simulator.bluez import Bluez, Characteristic, Peripheral, Radio, Service, Settings
from adapters.ble.simulator.bus import Bus
from tests.ble.bluez import RADIO, repeated, scanning
from tests.ble.simulator.bluez.lock import LEVEL, LOCK, SERVICE, connected, found, lock, until

FAILED = "org.bluez.Error.Failed"


async def test_services_are_learnt_after_the_answer_to_connect(radio: Radio) -> None:
    peripheral = radio.add(lock(resolve_s=None))
    client = BleakClient(await found(radio, peripheral))
    connecting = asyncio.create_task(client.connect())
    await until(lambda: client.is_connected)

    assert not connecting.done()
    radio.vanish(LOCK)
    with pytest.raises(BleakError, match="failed to discover services, device disconnected"):
        await connecting
    await client.disconnect()


async def test_a_device_that_does_not_answer_is_given_up_by_its_client(radio: Radio) -> None:
    peripheral = radio.add(lock(connect_s=None))
    client = BleakClient(await found(radio, peripheral), timeout=0.3)

    with pytest.raises(TimeoutError):
        await client.connect()
    peripheral.connect_s = 0.0
    await client.connect()
    await client.disconnect()


async def test_a_connection_that_is_called_off_as_it_comes_about_is_none(radio: Radio) -> None:
    peripheral, reached = radio.add(lock()), radio.reached

    async def barely(address: str) -> Peripheral:
        there = await reached(address)
        asyncio.get_running_loop().call_soon(radio.vanish, address)
        return there

    radio.reached = barely  # type: ignore[method-assign]
    client = BleakClient(await found(radio, peripheral))
    with pytest.raises(BleakDBusError, match="br-connection-canceled"):
        await client.connect()
    assert not peripheral.connected


async def test_a_connection_can_be_made_to_fail(bluez: Bluez, radio: Radio) -> None:
    refused = bluez.inject("Device1.Connect", error=(FAILED, "le-connection-refused"), times=2)
    peripheral = radio.add(lock())
    client = BleakClient(await found(radio, peripheral))
    for _ in range(2):
        with pytest.raises(BleakDBusError, match="le-connection-refused"):
            await client.connect()
    await client.connect()
    await client.disconnect()

    assert refused.met == 2


async def test_a_device_that_bluez_has_forgotten_is_not_found(radio: Radio) -> None:
    peripheral = radio.add(lock())
    device = await found(radio, peripheral)
    async with BleakClient(device):
        pass
    gone = BleakClient(device)
    await BleakClient(device).unpair()

    with pytest.raises((BleakDeviceNotFoundError, BleakError), match="not found"):
        await gone.connect()


async def test_a_device_that_hangs_up_is_told(radio: Radio) -> None:
    gone = asyncio.Event()
    peripheral = lock()
    async with connected(radio, peripheral, disconnected_callback=lambda _: gone.set()) as client:
        peripheral.hang_up()
        async with asyncio.timeout(10):
            await gone.wait()

        assert not client.is_connected


async def test_a_radio_that_is_switched_off_ends_connections(radio: Radio) -> None:
    gone = asyncio.Event()
    async with connected(radio, lock(), disconnected_callback=lambda _: gone.set()):
        radio.set_powered(False)
        async with asyncio.timeout(10):
            await gone.wait()


async def test_a_client_does_not_notice_that_bluetoothd_has_crashed(bluez: Bluez, radio: Radio) -> None:
    peripheral = lock()
    async with connected(radio, peripheral) as client:
        await bluez.crash()
        await bluez.start()

        assert client.is_connected
        assert not peripheral.connected
        with pytest.raises(BleakDBusError):
            await client.disconnect()


async def test_a_read_can_be_left_unanswered(bluez: Bluez, radio: Radio) -> None:
    async with connected(radio, lock()) as client:
        bluez.inject("Gatt*.ReadValue", hang=True, times=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.read_gatt_char(LEVEL)

        assert await client.read_gatt_char(LEVEL) == b"\x5a"


async def test_services_that_change_are_seen_when_the_device_was_forgotten(radio: Radio) -> None:
    other = "00002a6e-0000-1000-8000-00805f9b34fb"
    peripheral = lock()
    async with connected(radio, peripheral):
        pass
    peripheral.change([Service(SERVICE, [Characteristic(other, ["read"], b"\1\2")])])
    async with connected(radio, peripheral) as client:
        assert client.services.get_characteristic(other) is None
        await client.unpair()
    async with connected(radio, peripheral) as client:
        assert await client.read_gatt_char(other) == b"\1\2"


async def test_a_connected_device_outlives_what_is_heard_of_it(bus: Bus) -> None:
    async with Bluez(bus.address, Settings(temporary_s=0.2)) as bluez:
        radio, other = bluez.add_radio(RADIO), "C0:FF:EE:00:00:09"
        radio.add(lock())
        async with scanning() as ear:
            async with repeated(lambda: radio.advertise(LOCK, -50)):
                await ear.until()
                client = BleakClient(ear.heard[0][0])
                await client.connect()
            radio.advertise(other, -60)
            assert radio.adapter is not None
            devices = radio.adapter.devices
            assert other in devices
            await until(lambda: other not in devices)
            assert await client.read_gatt_char(LEVEL) == b"\x5a"
            await client.disconnect()
            await until(lambda: LOCK not in devices)


async def test_a_radio_that_is_pulled_out_ends_connections(radio: Radio) -> None:
    gone = asyncio.Event()
    peripheral = lock()
    async with connected(radio, peripheral, disconnected_callback=lambda _: gone.set()):
        radio.remove()
        async with asyncio.timeout(10):
            await gone.wait()

    assert not peripheral.connected
