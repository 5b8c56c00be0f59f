"""What a SunSpec device costs that does not answer: a whole session on a line, in simulated time."""

import asyncio

from gateway.model import DeviceState, DeviceStatus
from tests.modbus.bus.test_dead import Site, dev, run
from tests.modbus.sunspec.images import sunspec

DEGRADED, OFFLINE = DeviceState.DEGRADED, DeviceState.OFFLINE
TIMEOUT_S = 0.5
TRIES = 4
"""Before a device is dead."""


def test_a_device_that_was_never_met_and_is_silent_is_offline_and_is_looked_at_when_it_is_back() -> None:
    async def happens(site: Site) -> None:
        site.silent.add(7)
        await asyncio.sleep(100)
        assert site.states("inv") == [OFFLINE]
        site.silent.clear()
        await asyncio.sleep(31)
        assert site.states("inv") == [OFFLINE, DEGRADED], "what answers there is no SunSpec device"
        told = [item for _, item in site.emitted if isinstance(item, DeviceStatus) and item.device == "inv"]
        assert [each.reason for each in told] == ["timeout", "device-error"]

    run({"a": dev(1), "inv": sunspec(unit_id=7, timeout="500ms")}, happens)


def test_dead_devices_that_were_never_met_take_a_twentieth_of_the_bus_at_most() -> None:
    dead = range(10, 20)

    async def happens(site: Site) -> None:
        site.silent.update(dead)
        await asyncio.sleep(120)
        before = len(site.samples("alive"))
        await asyncio.sleep(400)
        assert site.time_of(set(dead), 120) <= 0.05 * 400 + 1
        assert before >= 120 - len(dead) * TRIES * 2 * TIMEOUT_S
        assert len(site.samples("alive")) - before >= 0.9 * 400
        assert all(site.asked(unit, 120) for unit in dead)

    run({"alive": dev(1)} | {f"dead{unit}": sunspec(unit_id=unit, timeout="500ms") for unit in dead}, happens)


def test_a_device_that_answers_but_is_no_sunspec_device_is_asked_ever_less_often() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(3600)
        early, late = len(site.asked(7)) - len(site.asked(7, 600)), len(site.asked(7, 600))
        assert 15 <= early <= 30
        assert late <= 40

    run({"a": dev(1), "inv": sunspec(unit_id=7, timeout="500ms")}, happens)


def test_its_state_is_told_once() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(600)
        told = [item for _, item in site.emitted if isinstance(item, DeviceStatus) and item.device == "inv"]
        assert [each.state for each in told] == [DEGRADED]

    run({"inv": sunspec(unit_id=7, timeout="500ms")}, happens)
