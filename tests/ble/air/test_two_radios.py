"""Radios of one process share bleak's connection to D-Bus, and nothing else: each suffers alone."""

import asyncio

import pytest

from adapters.ble.air import start
from adapters.ble.simulator.bluez import Bluez, Radio
from tests.ble.air.aloft import COMPANY, SENSOR, serving, until
from tests.ble.bluez import RADIO, repeated
from tests.ble.gatt.site import LEVEL, device, sensor, site

ENOUGH = 20
"""Some may be heard of a scan that is not ours."""
OTHER_RADIO = "00:1A:7D:DA:71:14"
KEPT = {
    "sensor": device(gatt={"connect": "kept"}, points={"battery": {"characteristic": LEVEL, "type": "uint8"}}),
}


@pytest.fixture
def radios(bluez: Bluez) -> tuple[Radio, Radio]:
    return bluez.add_radio(RADIO, "hci0"), bluez.add_radio(OTHER_RADIO, "hci1")


def say(radio: Radio) -> None:
    radio.advertise(SENSOR, -60, manufacturer={COMPANY: b"\x05"})


async def test_a_radio_that_is_switched_off_leaves_the_other_its_connections(radios: tuple[Radio, Radio]) -> None:
    first, second = radios
    async with site(second, [sensor()], KEPT, radio="hci1") as here:
        await here.emitted.sample("sensor")
        async with serving(radio="hci0") as one, repeated(lambda: say(first)):
            await one.next()
            first.set_powered(False)
            await one.ended()
        await here.emitted.sample("sensor", 3)
        counters = here.adapter.counters()
    assert (counters["connects"], counters["rescans"]) == (1, 0)


async def test_what_bluez_forgets_of_one_radio_the_other_still_knows(radios: tuple[Radio, Radio]) -> None:
    first, second = radios
    async with serving(radio="hci0") as one, serving(radio="hci1") as other:
        async with repeated(lambda: say(first)), repeated(lambda: say(second)):
            await one.next()
            await other.next()
        known = other.radio.device(SENSOR)
        assert known is not None
        await other.radio.forget(known)
        first.advertise("C0:FF:EE:00:00:02", -60)
        await one.next(lambda advert: advert.address != SENSOR)
        assert one.radio.device(SENSOR) is not None


async def test_a_scan_that_was_cut_off_as_it_began_does_not_go_on_beside_the_other(
    bluez: Bluez, radios: tuple[Radio, Radio], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = radios
    monkeypatch.setattr(start, "BUSY_S", (0.01, 0.02, 0.04))
    monkeypatch.setattr(start, "END_S", 0.05)
    async with serving(radio="hci1") as other, repeated(lambda: say(second)):
        await other.next()
        slow = bluez.inject("Adapter1.StartDiscovery", delay_s=0.2, times=1)
        async with serving(radio="hci0"):
            await until(lambda: slow.met)
        assert first.adapter is not None
        begun = first.adapter.discovery
        await until(lambda: begun)  # BlueZ, too late
        async with serving(radio="hci0", power_cycle=False) as one, repeated(lambda: say(first)):
            await until(lambda: len(one.heard) > ENOUGH or one.served.done())
            assert not one.served.done()


async def test_a_scan_that_takes_too_long_to_begin_is_begun_again(
    bluez: Bluez, radios: tuple[Radio, Radio], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = radios
    monkeypatch.setattr(start, "BUSY_S", (0.01, 0.02, 0.04))
    async with serving(radio="hci1") as other, repeated(lambda: say(second)):
        await other.next()
        with monkeypatch.context() as hasty:
            hasty.setattr(start, "START_S", 0.1)
            bluez.inject("Adapter1.StartDiscovery", delay_s=0.3, times=1)
            async with serving(radio="hci0") as one:
                await one.ended()
        await asyncio.sleep(0.3)
        async with serving(radio="hci0", power_cycle=False) as one, repeated(lambda: say(first)):
            await until(lambda: len(one.heard) > ENOUGH or one.served.done())
            assert not one.served.done()
