import asyncio
from pathlib import Path

import pytest
from bleak.exc import BleakGATTProtocolError, BleakGATTProtocolErrorCode

from adapters.ble.simulator.bluez import AttError, Radio
from tests.ble.simulator.bluez.lock import LEVEL, LOCK, NAME, STATE, connected, lock, until


async def test_a_client_finds_the_services(radio: Radio) -> None:
    async with connected(radio, lock()) as client:
        level = client.services.get_characteristic(LEVEL)

    assert level is not None
    assert level.properties == ["read", "notify"]
    assert level.max_write_without_response_size == 244


async def test_a_value_is_read(radio: Radio) -> None:
    async with connected(radio, lock()) as client:
        assert await client.read_gatt_char(LEVEL) == b"\x5a"


async def test_a_descriptor_is_read(radio: Radio) -> None:
    async with connected(radio, lock()) as client:
        state = client.services.get_characteristic(STATE)
        assert state is not None
        named = state.get_descriptor(NAME)
        assert named is not None

        assert await client.read_gatt_descriptor(named) == b"state"


@pytest.mark.parametrize("response", [True, False])
async def test_a_value_is_written(radio: Radio, response: bool) -> None:
    peripheral = lock()
    async with connected(radio, peripheral) as client:
        await client.write_gatt_char(STATE, b"\x01", response=response)

        await until(lambda: peripheral.characteristic(STATE).value == b"\x01")


async def test_what_a_device_refuses_to_write_is_told(radio: Radio) -> None:
    async with connected(radio, lock()) as client:
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.write_gatt_char(LEVEL, b"\x01", response=True)

    assert refused.value.code == BleakGATTProtocolErrorCode.WRITE_NOT_PERMITTED


async def test_an_error_of_a_hook_is_told(radio: Radio) -> None:
    def refuse() -> bytes:
        raise AttError(0x80)

    peripheral = lock()
    peripheral.characteristic(LEVEL).read = refuse
    async with connected(radio, peripheral) as client:
        with pytest.raises(BleakGATTProtocolError) as refused:
            await client.read_gatt_char(LEVEL)

    assert refused.value.code == 0x80


async def test_notifications_arrive_in_order(radio: Radio) -> None:
    peripheral = lock()
    heard: list[int] = []
    async with connected(radio, peripheral) as client:
        await client.start_notify(LEVEL, lambda _, data: heard.append(data[0]))
        for number in range(200):
            assert peripheral.notify(LEVEL, bytes([number]))
        await until(lambda: len(heard) == 200)
        await client.stop_notify(LEVEL)

        assert not peripheral.notify(LEVEL, b"\xff")
    assert heard == [*range(200)]


async def test_notifications_come_by_a_socket_of_their_own_on_request(radio: Radio) -> None:
    peripheral = lock()
    heard: list[bytes] = []
    async with connected(radio, peripheral) as client:
        await client.start_notify(LEVEL, lambda _, data: heard.append(bytes(data)), bluez={"use_start_notify": False})
        assert peripheral.notify(LEVEL, b"\x01")
        await until(lambda: heard == [b"\x01"])
        await client.stop_notify(LEVEL)
        await until(lambda: not peripheral.notify(LEVEL, b"\x02"))


async def test_the_size_of_packets_is_told_with_a_socket(radio: Radio) -> None:
    async with connected(radio, lock(mtu=100)) as client:
        await client._backend._acquire_mtu()  # type: ignore[attr-defined]

        assert client.mtu_size == 100


async def test_a_lost_link_is_told_before_the_read_that_waits_for_it_fails(radio: Radio) -> None:
    told: list[str] = []
    asked = asyncio.Event()

    async def never() -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    peripheral = lock()
    peripheral.characteristic(LEVEL).read = never
    async with connected(radio, peripheral, disconnected_callback=lambda _: told.append("disconnected")) as client:
        reading = asyncio.create_task(client.read_gatt_char(LEVEL))
        await asked.wait()
        radio.vanish(LOCK)
        with pytest.raises(BleakGATTProtocolError) as failed:
            await reading

        assert told == ["disconnected"]
    assert failed.value.code == BleakGATTProtocolErrorCode.UNLIKELY_ERROR


async def test_a_client_can_connect_again(radio: Radio) -> None:
    peripheral = lock()
    for _ in range(3):
        async with connected(radio, peripheral) as client:
            assert await client.read_gatt_char(LEVEL) == b"\x5a"
        await until(lambda: not peripheral.connected)


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


async def test_no_file_stays_open(radio: Radio) -> None:
    async with connected(radio, lock()):
        pass
    before = open_files()
    for _ in range(3):
        async with connected(radio, lock()) as client:
            await client.start_notify(LEVEL, lambda *_: None, bluez={"use_start_notify": False})

    await until(lambda: open_files() <= before)
