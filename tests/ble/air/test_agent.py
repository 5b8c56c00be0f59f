"""Pairing with the real bleak: BlueZ asks our agent."""

import pytest
from bleak import BleakClient
from bleak.exc import BleakDBusError

from adapters.ble.air.passkeys import Pairing, Passkeys
from adapters.ble.simulator.bluez import Bluez, Characteristic, Peripheral, Radio, Service
from tests.ble.air.aloft import SENSOR, Aloft, device_of, serving
from tests.ble.bluez import RADIO, SOON_S, repeated

PIN = "012345"
OPEN = b"\x2a"
PRIVATE = "70:81:94:0D:FB:AA"
"""Of that key (Core Specification 6.0, Vol 3, Part H, Appendix D.7)."""
VALUE = "00002a19-0000-1000-8000-00805f9b34fb"


def door(radio: Radio, passkey: str | None = PIN) -> None:
    services = [Service("0000180f-0000-1000-8000-00805f9b34fb", [Characteristic(VALUE, ["read"], OPEN)])]
    radio.add(Peripheral(SENSOR, "Door", services, passkey=passkey))


async def said(aloft: Aloft, radio: Radio) -> bytes:
    """By the door, once it is connected to and paired with."""
    async with repeated(lambda: radio.advertise(SENSOR, -60)):
        device = await aloft.radio.seek(SENSOR, SOON_S)
    assert device is not None
    async with BleakClient(device, pair=True) as client:
        return bytes(await client.read_gatt_char(VALUE))


async def test_a_device_is_paired_with_by_its_passkey(radio: Radio) -> None:
    door(radio)
    async with serving(device_of(gatt={"passkey": PIN})) as aloft:
        assert await said(aloft, radio) == OPEN


async def test_a_wrong_passkey_pairs_with_nothing(radio: Radio) -> None:
    door(radio)
    async with serving(device_of(gatt={"passkey": "999999"})) as aloft:
        with pytest.raises(BleakDBusError, match="Authentication"):
            await said(aloft, radio)


async def test_a_device_without_a_passkey_is_paired_with_when_that_is_wanted(radio: Radio) -> None:
    door(radio, passkey=None)
    async with serving(device_of(gatt={"pair": True})) as aloft:
        assert await said(aloft, radio) == OPEN


async def test_a_device_that_is_not_to_be_paired_with_is_refused(radio: Radio) -> None:
    door(radio)
    async with serving(device_of(address="C0:FF:EE:00:00:09", gatt={"passkey": PIN})) as aloft:
        with pytest.raises(BleakDBusError, match="Authentication"):
            await said(aloft, radio)


async def test_of_two_radios_the_passkeys_of_the_one_that_began_first_are_known_too(bluez: Bluez) -> None:
    first = bluez.add_radio(RADIO, "hci0")
    bluez.add_radio("00:1A:7D:DA:71:14", "hci1")
    door(first)
    async with (
        serving(device_of(gatt={"passkey": PIN}), radio="hci0") as aloft,
        serving(device_of(gatt={"passkey": "111111"}), radio="hci1"),
    ):
        assert await said(aloft, first) == OPEN


def test_a_device_that_changes_its_address_is_known_by_its_identity_key() -> None:
    device = device_of(address=None, identity_key="ec0234a357c8ad05341010a60a397d9b", gatt={"passkey": PIN})
    passkeys = Passkeys([device])
    assert passkeys.of(PRIVATE) == Pairing(12345)
    assert passkeys.of("70:81:94:0D:FB:AB") is None


def test_who_pairs_with_nobody_needs_no_agent() -> None:
    assert not Passkeys([device_of()])
