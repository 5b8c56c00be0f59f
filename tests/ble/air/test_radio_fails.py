"""What befalls radios: each is healed, or told in words, and nothing hangs."""

import asyncio
import socket
from typing import Any

import pytest
from bleak.backends.bluezdbus import manager as bleak_manager
from dbus_fast import Variant

from adapters.ble.air import bluez as air_bluez
from adapters.ble.air import start
from adapters.ble.air.radio import Radio as Opened
from adapters.ble.simulator.bluez import Bluez, Mends, Radio, Settings
from adapters.ble.simulator.bus import Bus
from gateway.adapter import AdapterError
from tests.ble.air.aloft import COMPANY, SENSOR, Aloft, files, left_open, link_of, serving, until
from tests.ble.bluez import RADIO, repeated

BUSY = ("org.bluez.Error.InProgress", "Operation already in progress")
SILENCE = "200ms"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "BUSY_S", (0.01, 0.02, 0.04))
    monkeypatch.setattr(air_bluez, "OFF_S", 0.01)


def say(radio: Radio) -> None:
    radio.advertise(SENSOR, -60, manufacturer={COMPANY: b"\x05"})


async def heard(radio: Radio, /, **settings: Any) -> None:
    """Opened anew, it hears."""
    async with serving(**settings) as aloft, repeated(lambda: say(radio)):
        await aloft.next()


async def lost(aloft: Aloft, text: str) -> None:
    error = await aloft.ended()
    assert isinstance(error, AdapterError)
    assert text in str(error)


async def test_a_radio_that_is_off_is_switched_on(radio: Radio) -> None:
    radio.set_powered(False)
    await heard(radio)
    assert radio.powered


async def test_a_radio_whose_power_is_not_ours_stays_off_and_that_is_said(radio: Radio) -> None:
    radio.set_powered(False)
    with pytest.raises(AdapterError, match=rf"{RADIO} \(hci0\) is switched off: `bluetoothctl power on`"):
        await Opened.opened(link_of(power_cycle=False), [], print)
    assert left_open() == []


async def test_a_blocked_radio_is_told_from_one_that_is_off(bluez: Bluez, radio: Radio) -> None:
    radio.set_powered(False)
    bluez.inject("Properties.Set", error=("org.bluez.Error.Blocked", "Blocked through rfkill"))
    with pytest.raises(AdapterError, match="can't be switched on: the radio is blocked: `rfkill unblock bluetooth`"):
        await Opened.opened(link_of(), [], print)


async def test_a_radio_that_is_switched_off_is_lost_and_switched_on_again(radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        radio.set_powered(False)
        await lost(aloft, "is switched off: `bluetoothctl power on`")
    assert left_open() == []
    await heard(radio)


async def test_a_radio_that_is_pulled_out_is_lost_and_found_again(bluez: Bluez, radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        radio.remove()
        await lost(aloft, f"the radio {RADIO} (hci0) is gone: plug it in again")
    with pytest.raises(AdapterError, match="no Bluetooth radio"):
        await Opened.opened(link_of(), [], print)
    await heard(bluez.add_radio(RADIO, "hci3"), radio=RADIO)


async def test_a_bluez_that_crashes_is_lost_and_used_again(bluez: Bluez, radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        await bluez.crash()
        await lost(aloft, "BlueZ has ended")
    assert left_open() == []
    with pytest.raises(AdapterError, match="BlueZ is not running: `systemctl start bluetooth`"):
        await Opened.opened(link_of(), [], print)
    await bluez.start()
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        assert aloft.radio.counters["power_cycles"] == 1


async def test_a_bluez_that_is_restarted_is_lost_and_used_again(bluez: Bluez, radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        await bluez.stop()
        await bluez.start()
        assert isinstance(await aloft.ended(), AdapterError)
    await heard(radio)


async def test_where_two_radios_lose_bluez_the_first_that_is_back_does_not_trust_what_bleak_knew(bluez: Bluez) -> None:
    first, second = bluez.add_radio(RADIO, "hci0"), bluez.add_radio("00:1A:7D:DA:71:14", "hci1")
    async with serving(radio="hci1") as other, repeated(lambda: say(second)):
        await other.next()
        async with serving(radio="hci0") as one, repeated(lambda: say(first)):
            await one.next()
            await bluez.crash()
            assert isinstance(await one.ended(), AdapterError)
        await bluez.start()
        await heard(first, radio="hci0")


async def test_a_scan_that_bluez_says_is_in_progress_is_tried_again(bluez: Bluez, radio: Radio) -> None:
    bluez.inject("Adapter1.StartDiscovery", error=BUSY, times=2)
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        assert aloft.radio.counters["power_cycles"] == 0


async def test_where_that_does_not_help_the_radio_is_switched_off_and_on(bluez: Bluez, radio: Radio) -> None:
    bluez.inject("Adapter1.StartDiscovery", error=BUSY, times=4)
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        assert aloft.radio.counters["power_cycles"] == 1


async def test_a_radio_whose_power_is_not_ours_is_not_switched_off(bluez: Bluez, radio: Radio) -> None:
    bluez.inject("Adapter1.StartDiscovery", error=BUSY, times=4)
    async with serving(power_cycle=False) as aloft:
        await lost(aloft, "can't scan: BlueZ says that it does so already")


async def test_a_scan_that_is_in_progress_for_ever_is_told(bluez: Bluez, radio: Radio) -> None:
    bluez.inject("Adapter1.StartDiscovery", error=BUSY)
    async with serving() as aloft:
        await lost(aloft, "can't scan: BlueZ says that it does so already")


async def test_a_scan_that_is_never_answered_is_told(
    bluez: Bluez, radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "START_S", 0.1)
    injection = bluez.inject("Adapter1.StartDiscovery", hang=True)
    async with serving() as aloft:
        await lost(aloft, "can't scan: BlueZ does not answer")
    bluez.mend(injection)
    await heard(radio)


async def test_the_end_of_a_scan_that_is_never_answered_ends_all_the_same(
    bluez: Bluez, radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "STOP_S", 0.1)
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        bluez.inject("Adapter1.StopDiscovery", hang=True)
    assert left_open() == []


async def test_a_stuck_scan_is_begun_anew(radio: Radio) -> None:
    async with serving(silence=SILENCE) as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        radio.stick_scan(Mends.RESTART)
        await aloft.next(lambda _: aloft.radio.counters["rescans"] == 1)
        assert aloft.radio.counters["power_cycles"] == 0


async def test_a_scan_that_stays_stuck_has_the_radio_switched_off_and_on(radio: Radio) -> None:
    async with serving(silence=SILENCE) as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        radio.stick_scan(Mends.POWER)
        await aloft.next(lambda _: aloft.radio.counters["power_cycles"] == 1)


async def test_a_radio_that_nothing_heals_is_told(radio: Radio) -> None:
    async with serving(silence=SILENCE) as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        radio.stick_scan(Mends.NOTHING)
        await lost(aloft, "it needs a reset, or to be plugged in again")
        assert aloft.radio.counters["power_cycles"] == 1


async def test_a_radio_whose_devices_are_all_connected_is_not_taken_for_deaf(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(silence="50ms") as aloft:
        async with repeated(lambda: say(radio)):
            await aloft.next()
        assert radio.adapter is not None
        device = radio.adapter.devices[SENSOR]
        connected = {**device.properties(), "Connected": Variant("b", True)}
        monkeypatch.setattr(device, "properties", lambda: connected)
        await until(lambda: aloft.radio.counters["rescans"] >= 4)
        assert not aloft.served.done()


async def test_a_radio_that_stays_deaf_while_somebody_is_connected_is_known_to_be_until_it_hears(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(silence="50ms") as aloft:
        async with repeated(lambda: say(radio)):
            await aloft.next()
            assert aloft.radio.scanner.deaf_s == 0
        assert radio.adapter is not None
        device = radio.adapter.devices[SENSOR]
        connected = {**device.properties(), "Connected": Variant("b", True)}
        monkeypatch.setattr(device, "properties", lambda: connected)
        await until(lambda: aloft.radio.scanner.deaf_s)
        async with repeated(lambda: say(radio)):
            await until(lambda: not aloft.radio.scanner.deaf_s)


async def test_a_radio_that_has_never_heard_anything_is_left_in_peace(radio: Radio) -> None:
    async with serving(silence="40ms") as aloft:
        await asyncio.wait({aloft.served}, timeout=0.5)
        assert not aloft.served.done()
        assert aloft.radio.counters["rescans"] == 0


async def test_a_bus_that_ends_is_lost_and_found_again(bus: Bus, bluez: Bluez, radio: Radio) -> None:
    async with serving() as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        await bus.cut()
        await lost(aloft, "D-Bus has ended the connection")
    assert left_open() == []
    with pytest.raises(AdapterError, match=r"no D-Bus at unix:path=.*: is dbus running"):
        await Opened.opened(link_of(), [], print)
    await bluez.crash()
    await bus.start()
    await bluez.start()
    await heard(radio)


async def test_a_connection_of_bleak_that_d_bus_ends_is_replaced_at_once(radio: Radio) -> None:
    async with serving(silence="1s") as aloft, repeated(lambda: say(radio)):
        await aloft.next()
        bus: Any = next(iter(bleak_manager._global_instances.values()))._bus
        bus._sock.shutdown(socket.SHUT_RDWR)
        await aloft.next(lambda _: aloft.radio.counters["rescans"] == 1)
    assert left_open() == []


async def test_without_d_bus_it_is_said_so() -> None:
    before = files()
    with pytest.raises(AdapterError, match=r"no D-Bus at unix:path=/nowhere/at/all \(No such file or directory\)"):
        await Opened.opened(link_of(bus="unix:path=/nowhere/at/all"), [], print)
    assert left_open() == []
    assert files() == before


async def test_where_d_bus_denies_it_the_user_is_told_what_to_do(bluez: Bluez, radio: Radio) -> None:
    bluez.inject(
        "ObjectManager.GetManagedObjects", error=("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message")
    )
    with pytest.raises(AdapterError, match="put it into the group bluetooth"):
        await Opened.opened(link_of(), [], print)
    assert left_open() == []


async def test_a_bluez_that_never_answers_is_told(bluez: Bluez, radio: Radio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ble.air.bus.CALL_S", 0.1)
    bluez.inject("ObjectManager.GetManagedObjects", hang=True)
    with pytest.raises(AdapterError, match="BlueZ does not answer"):
        await Opened.opened(link_of(), [], print)
    assert left_open() == []


async def test_a_defect_of_who_hears_ends_the_radio(radio: Radio) -> None:
    def fail(_advert: object) -> None:
        raise ZeroDivisionError

    opened = await Opened.opened(link_of(), [], fail)
    try:
        async with repeated(lambda: say(radio)):
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(opened.serve(), 10.0)
    finally:
        await opened.close()


async def test_a_passive_scan_that_bluez_does_not_offer_is_told(bus: Bus) -> None:
    async with Bluez(bus.address, Settings(experimental=False)) as bluez:
        bluez.add_radio(RADIO)
        async with serving(scan="passive") as aloft:
            await lost(aloft, "bluetoothd must be started with --experimental")
        assert left_open() == []
