import asyncio

import pytest
from bleak.exc import BleakDBusError

from adapters.ble.simulator.bluez import Bluez, Radio
from tests.ble.simulator.bluez.agents import agent
from tests.ble.simulator.bluez.lock import LOCK, SECRET, connected, lock

OPEN = b"open sesame"


async def test_without_an_agent_what_is_encrypted_is_never_read(radio: Radio) -> None:
    async with connected(radio, lock()) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.read_gatt_char(SECRET)


async def test_without_an_agent_there_is_no_pairing(radio: Radio) -> None:
    with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
        async with connected(radio, lock(), pair=True):
            pass


async def test_reading_what_is_encrypted_pairs(radio: Radio) -> None:
    async with agent("NoInputNoOutput") as asked, connected(radio, lock()) as client:
        assert await client.read_gatt_char(SECRET) == OPEN

    assert asked.asked == ["authorization /org/bluez/hci0/dev_C0_FF_EE_00_00_02"]
    assert LOCK in radio.bonds


async def test_pairing_on_request_asks_nobody_whether_it_is_wanted(radio: Radio) -> None:
    async with agent("NoInputNoOutput") as asked, connected(radio, lock(), pair=True) as client:
        assert await client.read_gatt_char(SECRET) == OPEN

    assert asked.asked == []


async def test_the_passkey_that_a_device_shows_lets_pair(radio: Radio) -> None:
    peripheral = lock(passkey="012345")
    async with agent("KeyboardDisplay", 12345) as asked, connected(radio, peripheral, pair=True) as client:
        assert await client.read_gatt_char(SECRET) == OPEN

    assert asked.asked == ["passkey /org/bluez/hci0/dev_C0_FF_EE_00_00_02"]


@pytest.mark.parametrize(("capability", "passkey"), [("KeyboardDisplay", 1), ("KeyboardDisplay", None), ("", 2)])
async def test_another_passkey_does_not(radio: Radio, capability: str, passkey: int | None) -> None:
    async with agent(capability, passkey):
        with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
            async with connected(radio, lock(passkey="012345"), pair=True):
                pass

    assert not radio.bonds


async def test_who_cannot_type_a_passkey_cannot_pair_with_what_shows_one(radio: Radio) -> None:
    async with agent("NoInputNoOutput", 12345):
        with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
            async with connected(radio, lock(passkey="012345"), pair=True):
                pass


async def test_a_paired_device_is_still_known_after_a_restart(bluez: Bluez, radio: Radio) -> None:
    async with agent("NoInputNoOutput"), connected(radio, lock(), pair=True):
        pass
    await bluez.crash()
    await bluez.start()

    assert radio.adapter is not None
    assert radio.adapter.devices[LOCK].paired


async def test_unpairing_forgets_the_device(radio: Radio) -> None:
    async with agent("NoInputNoOutput"), connected(radio, lock(), pair=True) as client:
        await client.unpair()
    assert radio.adapter is not None

    assert not radio.bonds
    assert LOCK not in radio.adapter.devices
