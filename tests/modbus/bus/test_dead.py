"""What dead devices cost, and how they come back: a whole session on a line, in simulated time."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from itertools import pairwise
from typing import Any

import pytest

import gateway.grid
from adapters.modbus.config import ModbusDevice
from adapters.modbus.session import Session
from adapters.modbus.wire.line import DRAIN_S
from gateway.grid import Grid
from gateway.model import DeviceState, DeviceStatus, Sample
from tests.modbus.setup import registers
from tests.modbus.slave import SILENCE_S, WELL, LineRig, Manner
from tests.support.simulated import in_simulated_time

ONLINE, DEGRADED, OFFLINE = DeviceState.ONLINE, DeviceState.DEGRADED, DeviceState.OFFLINE
SILENT = Manner(silent=True)
VAIN_S = 0.5 + SILENCE_S + DRAIN_S


class Emitted(list[tuple[float, Any]]):
    """With their times."""

    def __call__(self, item: Any, /) -> None:
        self.append((asyncio.get_running_loop().time(), item))

    async def durable(self, sample: Any, /) -> None:
        self(sample)


class Site:
    """Devices by unit id on one line; `silent` are those that do not answer. Emitted things with their time."""

    def __init__(self, devices: Mapping[str, ModbusDevice], memory: Mapping[str, dict[str, Any]] | None = None) -> None:
        self.silent: set[int] = set()
        self.deaf: set[tuple[int, int]] = set()
        """(unit, how many): requests of this size are never answered."""
        self.manner = WELL
        self.emitted = Emitted()
        self.rig = LineRig(self._manner)
        self.loop = self.rig.loop
        gateway.grid._grids[self.loop] = Grid(self.loop, self.loop.time)
        self.session = Session(self.rig.line, self.rig.bus, None, self.emitted)
        for name, device in devices.items():
            self.session.add(name, device, {} if memory is None else memory[name])
        self.session.start()

    def states(self, device: str) -> list[DeviceState]:
        return [item.state for _, item in self.emitted if isinstance(item, DeviceStatus) and item.device == device]

    def samples(self, device: str) -> list[tuple[float, Sample]]:
        return [(at, item) for at, item in self.emitted if isinstance(item, Sample) and item.group.device == device]

    def asked(self, unit: int, since_s: float = 0.0) -> list[tuple[float, bytes]]:
        return [(at, request) for at, request in self.rig.slaves.asked if request[0] == unit and at >= since_s]

    def time_of(self, units: set[int], since_s: float) -> float:
        """Of the bus, that went to these: a try in vain takes its timeout, and the quiet after it."""
        asked = [each for each in self.rig.slaves.asked if each[0] >= since_s]
        return sum(min(then[0] - now[0], VAIN_S) for now, then in pairwise(asked) if now[1][0] in units)

    async def close(self) -> None:
        self.session.stop()
        await self.rig.close()
        self.session.remember()

    def _manner(self, request: bytes) -> Manner:
        if request[0] in self.silent or (request[0], request[5]) in self.deaf:
            return SILENT
        return self.manner


def run(devices: Mapping[str, ModbusDevice], happens: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    async def all_of_it() -> None:
        site = Site(devices)
        await happens(site)
        await site.close()

    in_simulated_time(all_of_it)


def dev(unit: int, *addresses: int, every: str = "1s", **more: Any) -> ModbusDevice:
    return registers(*(addresses or (10,)), unit_id=unit, every=every, timeout="500ms", **more)


def test_a_device_that_falls_silent_is_offline_once_and_back_once() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(5)
        site.silent.add(1)
        await asyncio.sleep(100)
        assert site.states("a") == [ONLINE, OFFLINE]
        assert all(sample.bad for at, sample in site.samples("a") if at > 7.5)
        site.silent.clear()
        back_s = site.loop.time()
        await asyncio.sleep(40)
        assert site.states("a") == [ONLINE, OFFLINE, ONLINE]
        good = [at for at, sample in site.samples("a") if at > back_s and not sample.bad]
        assert good[0] - back_s <= 32

    run({"a": dev(1), "b": dev(2)}, happens)


def test_one_lost_reply_is_no_dead_device() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(5.5)
        site.silent.add(1)
        site.loop.call_at(6.2, site.silent.clear)
        await asyncio.sleep(10)
        assert site.states("a")[-1] is ONLINE
        assert OFFLINE not in site.states("a")

    run({"a": dev(1)}, happens)


def test_bad_points_are_said_before_it_is_known_who_is_at_fault() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(5.5)
        site.silent.add(1)
        await asyncio.sleep(1.2)
        assert site.samples("a")[-1][1].bad

    run({"a": dev(1)}, happens)


@pytest.mark.parametrize("count", [1, 3, 20])
def test_all_dead_devices_together_take_a_twentieth_of_the_bus(count: int) -> None:
    dead = range(10, 10 + count)

    async def happens(site: Site) -> None:
        site.silent.update(dead)
        await asyncio.sleep(120)
        before = len(site.samples("alive"))
        await asyncio.sleep(400)
        assert site.time_of(set(dead), 120) <= 0.05 * 400 + 1
        assert len(site.samples("alive")) - before >= 0.9 * 400
        assert all(site.asked(unit, 120) for unit in dead)

    run({"alive": dev(1)} | {f"dead{unit}": dev(unit) for unit in dead}, happens)


def test_a_dead_device_is_tried_by_one_small_request() -> None:
    async def happens(site: Site) -> None:
        site.silent.add(1)
        await asyncio.sleep(60)
        tries = site.asked(1, 20)
        assert 1 <= len(tries) <= 4
        assert {request[1] for _, request in tries} <= {3, 4}
        assert all(request[5] <= 8 for _, request in tries)

    run({"a": dev(1, *range(10, 60))}, happens)


def test_a_device_that_is_polled_once_an_hour_is_back_within_half_a_minute() -> None:
    async def happens(site: Site) -> None:
        site.silent.add(1)
        await asyncio.sleep(100)
        assert site.states("a") == [OFFLINE]
        site.silent.clear()
        await asyncio.sleep(31)
        assert site.states("a") == [OFFLINE, ONLINE]

    run({"a": dev(1, every="1h")}, happens)


def test_the_longest_pause_can_be_set() -> None:
    async def happens(site: Site) -> None:
        site.silent.add(1)
        await asyncio.sleep(400)
        times = [at for at, _ in site.asked(1, 200)]
        assert all(59 <= b - a <= 62 for a, b in pairwise(times))

    run({"a": dev(1, probe_every="60s")}, happens)


def test_a_block_that_is_never_answered_does_not_make_its_device_dead() -> None:
    async def happens(site: Site) -> None:
        site.deaf.add((1, 5))
        await asyncio.sleep(60)
        assert OFFLINE not in site.states("a")
        assert site.states("a")[-1] is DEGRADED
        last = site.samples("a")[-1][1]
        assert set(last.bad) == {"r200", "r204"}
        assert len(site.asked(1, 20)) < 70

    run({"a": dev(1, 10, 200, 204)}, happens)


def test_a_device_that_answers_no_long_request_does_not_take_the_bus() -> None:
    async def happens(site: Site) -> None:
        site.deaf.add((1, 50))
        await asyncio.sleep(120)
        before = len(site.samples("b"))
        await asyncio.sleep(200)
        assert len(site.samples("b")) - before >= 190
        assert site.time_of({1}, 120) <= 0.1 * 200
        assert site.states("a")[-1] is not ONLINE

    run({"a": dev(1, *range(10, 60)), "b": dev(2)}, happens)


def test_when_two_periods_of_a_device_differ_the_silent_one_does_not_hurt_the_other() -> None:
    device = registers(10, 200, 204, unit_id=1, every="1s", timeout="500ms").model_dump(exclude_unset=True)
    slow = {"r200", "r204"}
    points = {name: {**point, **({"every": "7s"} if name in slow else {})} for name, point in device["points"].items()}
    mixed = ModbusDevice.model_validate({**device, "every": "1s", "timeout": "500ms", "points": points})

    async def happens(site: Site) -> None:
        site.deaf.add((1, 5))
        await asyncio.sleep(30)
        since_s = site.loop.time()
        await asyncio.sleep(100)
        fast = [sample for at, sample in site.samples("a") if at > since_s and "r10" in sample.group.points]
        assert sum(not sample.bad for sample in fast) >= 90
        assert OFFLINE not in site.states("a")[2:]

    run({"a": mixed}, happens)


def test_a_device_with_only_writable_points_is_offline_and_comes_back() -> None:
    points = {"set": {"address": 10, "type": "uint16", "writable": True}}
    only = ModbusDevice.model_validate({"link": "plc", "every": "10s", "timeout": "500ms", "points": points})

    async def happens(site: Site) -> None:
        await asyncio.sleep(5)
        site.silent.add(1)
        await asyncio.sleep(60)
        assert site.states("a") == [ONLINE, OFFLINE]
        site.silent.clear()
        await asyncio.sleep(32)
        assert site.states("a") == [ONLINE, OFFLINE, ONLINE]

    run({"a": only}, happens)


def test_of_many_dead_devices_none_keeps_the_living_waiting_while_it_is_found_out() -> None:
    dead = range(10, 30)

    async def happens(site: Site) -> None:
        site.silent.update(dead)
        await asyncio.sleep(200)
        for unit in range(1, 10):
            good = [0.0] + [at for at, sample in site.samples(f"alive{unit}") if not sample.bad]
            assert max(b - a for a, b in pairwise(good)) < 3, "stale begins after ten seconds"
            assert site.states(f"alive{unit}") == [ONLINE]
        assert all(site.states(f"dead{unit}") == [OFFLINE] for unit in dead)

    run({f"alive{u}": dev(u) for u in range(1, 10)} | {f"dead{unit}": dev(unit) for unit in dead}, happens)


@pytest.mark.parametrize("code", [0x0A, 0x0B])
def test_a_device_whose_gateway_says_it_is_silent_is_offline_once_and_tried_seldom(code: int) -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(5.5)
        site.manner = Manner(refused=code)
        await asyncio.sleep(100)
        assert site.states("a") == [ONLINE, OFFLINE]
        assert len(site.asked(1, 50)) <= 5
        site.manner = WELL
        await asyncio.sleep(31)
        assert site.states("a") == [ONLINE, OFFLINE, ONLINE]

    run({"a": dev(1)}, happens)


@pytest.mark.parametrize("manner", [Manner(damage=0), Manner(damage=4), Manner(as_unit=9), Manner(cut=5)])
def test_a_device_of_which_only_garbage_comes_is_as_good_as_dead(manner: Manner) -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(5.5)
        site.manner = manner
        await asyncio.sleep(100)
        assert site.states("a") == [ONLINE, OFFLINE]
        assert site.samples("a")[-1][1].bad["r10"].reason in {"decode-error", "timeout"}
        assert len(site.asked(1, 50)) <= 5
        site.manner = WELL
        await asyncio.sleep(32)
        assert site.states("a") == [ONLINE, OFFLINE, ONLINE]

    run({"a": dev(1)}, happens)


def test_a_device_that_knows_one_register_and_is_silent_to_all_else_is_back_soon_after_a_lost_reply() -> None:
    async def happens(site: Site) -> None:
        site.deaf.update((1, size) for size in range(2, 126))
        await asyncio.sleep(5.5)
        site.silent.add(1)
        site.loop.call_at(6.2, site.silent.clear)
        await asyncio.sleep(10)
        assert OFFLINE not in site.states("a")
        assert sum(not sample.bad for at, sample in site.samples("a") if at > 8.5) >= 6

    run({"a": dev(1)}, happens)


def test_in_overload_for_ever_everyone_is_read_by_his_period_and_the_fast_share_the_rest() -> None:
    devices = {f"fast{u}": dev(u, every="50ms") for u in (1, 2, 3)} | {
        "slow": dev(4, every="5s"),
        "rare": dev(5, *range(0, 2000, 100), every="100s"),
    }

    async def happens(site: Site) -> None:
        await asyncio.sleep(450)
        counts = {name: len(site.samples(name)) for name in devices}
        assert [int(at // 10) for at, _ in site.samples("rare")] == [0, 10, 20, 30, 40]
        assert counts["slow"] >= 0.9 * 450 / 5
        fast = [counts[f"fast{u}"] for u in (1, 2, 3)]
        assert min(fast) >= 0.95 * max(fast)
        assert sum(fast) * (WELL.after_s + SILENCE_S) >= 0.9 * 450

    run(devices, happens)


def test_more_is_asked_than_the_bus_can_carry_and_it_never_rests() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(50)
        asked = [at for at, _ in site.rig.slaves.asked]
        gaps = [b - a for a, b in pairwise(asked)]
        assert max(gaps[5:]) <= WELL.after_s + 0.002 + 1e-6
        assert site.session.counters["skipped"] > 100

    run({"a": dev(1, every="60ms"), "b": dev(2, every="60ms")}, happens)


def test_a_fast_poll_does_not_wait_behind_a_long_one() -> None:
    async def happens(site: Site) -> None:
        await asyncio.sleep(60)
        times = [at for at, sample in site.samples("fast") if at > 1]
        assert max(b - a for a, b in pairwise(times)) < 0.35

    run({"slow": dev(2, *range(0, 8000, 200), every="10s"), "fast": dev(1, every="200ms")}, happens)
