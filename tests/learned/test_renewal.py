"""When the gateway is made anew for what was learned of its devices: in simulated time."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from gateway.learned import APART_S, BUSY_MAX_S, CALM_S, GATHER_S, LOOK_S, Renewal, Renewed
from tests.support.simulated import in_simulated_time


class House:
    """Is made anew at once, with a fresh renewal. `at_s`: when."""

    def __init__(self) -> None:
        self.at_s: list[float] = []
        self._kept: dict[str, Renewed] = {}
        self._loop = asyncio.get_running_loop()
        self.renewal = Renewal(self._kept, self._renew)

    def _renew(self) -> None:
        self.at_s.append(self._loop.time())
        self.renewal.stop()
        self.renewal = Renewal(self._kept, self._renew)


def run(happens: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def all_of_it() -> None:
        await happens(House())

    in_simulated_time(all_of_it)


def test_what_several_devices_tell_at_about_the_same_time_is_taken_up_at_once() -> None:
    async def happens(house: House) -> None:
        house.renewal.learned("a")
        await asyncio.sleep(GATHER_S / 2)
        house.renewal.learned("b")
        await asyncio.sleep(GATHER_S * 10)
        assert house.at_s == [GATHER_S]

    run(happens)


def test_what_another_device_tells_later_waits_until_it_is_not_too_often() -> None:
    async def happens(house: House) -> None:
        house.renewal.learned("a")
        await asyncio.sleep(GATHER_S + 1)
        house.renewal.learned("b")
        await asyncio.sleep(100)
        assert house.at_s == [GATHER_S, GATHER_S + APART_S]

    run(happens)


def test_a_device_that_tells_something_else_each_time_is_believed_only_now_and_then() -> None:
    async def happens(house: House) -> None:
        await flap(house, 24 * 3600)
        pauses = [then - now for now, then in pairwise(house.at_s)]
        assert pauses[:4] == pytest.approx([APART_S, 2 * APART_S, 4 * APART_S, 8 * APART_S], abs=2)
        assert pauses[-1] == pytest.approx(CALM_S, abs=2)

    run(happens)


def test_a_device_that_was_calm_for_long_is_believed_at_once_again() -> None:
    async def happens(house: House) -> None:
        await flap(house, 600)
        await asyncio.sleep(2 * CALM_S)
        now_s = asyncio.get_running_loop().time()
        house.renewal.learned("flapping")
        await asyncio.sleep(GATHER_S * 2)
        assert house.at_s[-1] == now_s + GATHER_S

    run(happens)


async def flap(house: House, for_s: int) -> None:
    for _ in range(for_s):
        house.renewal.learned("flapping")
        await asyncio.sleep(1)


def test_another_device_does_not_wait_for_one_that_flaps() -> None:
    async def happens(house: House) -> None:
        house.renewal.learned("flapping")
        await asyncio.sleep(GATHER_S)
        house.renewal.learned("flapping")
        house.renewal.learned("other")
        await asyncio.sleep(APART_S + GATHER_S)
        assert len(house.at_s) == 2

    run(happens)


def test_a_gateway_that_ends_is_not_made_anew() -> None:
    async def happens(house: House) -> None:
        house.renewal.learned("a")
        house.renewal.stop()
        house.renewal.learned("b")
        await asyncio.sleep(10 * GATHER_S)
        assert house.at_s == []

    run(happens)


@pytest.mark.parametrize(("busy_s", "at_s"), [(1, GATHER_S), (60, 60), (10 * BUSY_MAX_S, GATHER_S + BUSY_MAX_S)])
def test_what_is_under_way_is_waited_for_but_not_for_ever(busy_s: float, at_s: float) -> None:
    async def happens() -> None:
        loop = asyncio.get_running_loop()
        done_s: list[float] = []
        renewal = Renewal({}, lambda: done_s.append(loop.time()), lambda: loop.time() < busy_s)
        renewal.learned("a")
        renewal.learned("b")
        await asyncio.sleep(20 * BUSY_MAX_S)
        assert done_s == [pytest.approx(at_s, abs=LOOK_S)]

    in_simulated_time(happens)
