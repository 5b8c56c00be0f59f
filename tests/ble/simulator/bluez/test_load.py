"""That it keeps up, and what happens when the bus does not."""

import os
import signal

from bleak import BleakScanner

from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus
from tests.ble.bluez import forget_bleak, scanning
from tests.ble.simulator.bluez.lock import LEVEL, connected, lock, until

MANY = 400


def say(radio: Radio, number: int, rssi: int = -60) -> None:
    address = f"C0:00:00:00:{number >> 8:02X}:{number & 0xFF:02X}"
    radio.advertise(address, rssi, name=f"sensor {number}", manufacturer={0x0499: bytes(24)})


async def test_many_devices_are_all_heard(radio: Radio) -> None:
    async with scanning() as ear:
        for rssi in (-60, -61):
            for number in range(MANY):
                say(radio, number, rssi)
        await until(lambda: len(ear.heard) == 2 * MANY)

    assert len({device.address for device, _ in ear.heard}) == MANY
    assert radio.missed == 0


async def test_who_comes_later_is_told_of_all_of_them(radio: Radio) -> None:
    async with scanning() as ear:
        for number in range(MANY):
            say(radio, number)
        await until(lambda: len(ear.heard) == MANY)
    await forget_bleak()
    async with scanning() as ear:
        say(radio, MANY)
        await ear.until()

    assert len(ear.heard) == 1


async def test_a_bus_that_stalls_costs_advertisements_and_no_connection(bus: Bus, radio: Radio) -> None:
    async with scanning() as ear:
        os.kill(bus.pid, signal.SIGSTOP)
        try:
            for turn in range(60):
                for number in range(MANY):
                    say(radio, number, -turn)
        finally:
            os.kill(bus.pid, signal.SIGCONT)
        say(radio, MANY, -99)
        await until(lambda: len(ear.heard) + radio.missed == 60 * MANY + 1)
        say(radio, MANY, -100)
        await ear.until(lambda said: said.rssi == -100)

    assert radio.missed > 0


async def test_a_flood_of_notifications_arrives(radio: Radio) -> None:
    peripheral = lock()
    heard: list[bytes] = []
    async with connected(radio, peripheral) as client:
        await client.start_notify(LEVEL, lambda _, data: heard.append(bytes(data)))
        for number in range(5000):
            peripheral.notify(LEVEL, number.to_bytes(2, "big"))
        await until(lambda: len(heard) == 5000)

    assert heard == sorted(heard)


async def test_after_a_bus_that_was_gone_all_is_as_before(bus: Bus, bluez: Bluez, radio: Radio) -> None:
    await BleakScanner().start()
    await bus.cut()
    say(radio, 1)
    await bluez.crash()
    await bus.start()
    await bluez.start()
    radio.set_powered(False)  # else it goes on with the scan of a bluetoothd that is no more
    radio.set_powered(True)
    async with scanning() as ear:
        say(radio, 1)
        await ear.until()
