"""Timers that a silent interval can rely on."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from adapters.modbus.wire.exact import Exact


@pytest.fixture
async def timer() -> AsyncIterator[Exact]:
    made = Exact(asyncio.get_running_loop())
    yield made
    made.close()


@pytest.mark.parametrize("for_s", [0.00001, 0.0005, 0.00175])
async def test_a_call_never_comes_early(timer: Exact, for_s: float) -> None:
    for _ in range(50):
        called = asyncio.Event()
        began_s = time.monotonic()

        timer.after(for_s, called.set)
        await called.wait()

        assert time.monotonic() - began_s >= for_s


async def test_what_is_set_later_takes_the_place_of_what_was_set_before(timer: Exact) -> None:
    first, second = asyncio.Event(), asyncio.Event()

    timer.after(0.0001, first.set)
    timer.after(0.002, second.set)
    await second.wait()

    assert not first.is_set()


async def test_a_call_may_set_the_next(timer: Exact) -> None:
    called = asyncio.Event()

    timer.after(0.0001, lambda: timer.after(0.0001, called.set))

    await called.wait()
