"""A peripheral that tests connect to, and a way to do that."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from adapters.ble.simulator.bluez import Characteristic, Descriptor, Peripheral, Radio, Service
from tests.ble.bluez import repeated

LOCK = "C0:FF:EE:00:00:02"
SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
STATE = "f0001111-0451-4000-b000-000000000000"
SECRET = "f0002222-0451-4000-b000-000000000000"
NAME = "00002901-0000-1000-8000-00805f9b34fb"


def lock(**more: Any) -> Peripheral:
    """A battery level, a state that is written and notified, and one that is encrypted."""
    return Peripheral(
        LOCK,
        "Lock",
        [
            Service(SERVICE, [Characteristic(LEVEL, ["read", "notify"], b"\x5a")]),
            Service(
                "f0000000-0451-4000-b000-000000000000",
                [
                    Characteristic(
                        STATE,
                        ["read", "write", "write-without-response", "indicate"],
                        b"\x00",
                        descriptors=[Descriptor(NAME, b"state")],
                    ),
                    Characteristic(SECRET, ["read", "encrypt-read"], b"open sesame"),
                ],
            ),
        ],
        **more,
    )


async def found(radio: Radio, peripheral: Peripheral) -> BLEDevice:
    """By a scan, in which it advertises."""
    async with repeated(lambda: radio.advertise(peripheral.address, -50, name=peripheral.name)):
        device = await BleakScanner.find_device_by_address(peripheral.address, timeout=10)
    assert device is not None
    return device


@asynccontextmanager
async def connected(radio: Radio, peripheral: Peripheral, **more: Any) -> AsyncIterator[BleakClient]:
    """By bleak, after a scan."""
    if peripheral.address not in radio.peripherals:
        radio.add(peripheral)
    client = BleakClient(await found(radio, peripheral), **more)
    try:
        await client.connect()
        yield client
    finally:
        await client.disconnect()


async def until(true: Callable[[], bool], within_s: float = 10.0) -> None:
    """Look often."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
