"""How fast the backlog goes, on a clock that moves only when someone sleeps."""

import asyncio
from pathlib import Path

import pytest

from gateway import pace
from gateway.pace import BURST_S, TokenBucket
from tests.relay.setup import relaying


class SleepingClock:
    """Stands in for asyncio in the module under test."""

    def __init__(self) -> None:
        self.now_s = 5000.0
        self.naps: list[float] = []

    def get_running_loop(self) -> "SleepingClock":
        return self

    def time(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SleepingClock:
    clock = SleepingClock()
    monkeypatch.setattr(pace, "asyncio", clock)
    return clock


@pytest.mark.parametrize("rate", [0.1, 1.0, 7.0, 200.0, 12_345.0])
async def test_the_rate_is_held(clock: SleepingClock, rate: float) -> None:
    bucket = TokenBucket(rate)
    await bucket.take()
    began_s, count = clock.now_s, max(5, int(rate * 3))
    for _ in range(count):
        await bucket.take()
    burst = 1.0 + rate * BURST_S
    assert count / rate - burst / rate - 1e-6 <= clock.now_s - began_s <= count / rate + BURST_S + 1e-6


async def test_a_pause_earns_no_more_than_one_burst(clock: SleepingClock) -> None:
    bucket = TokenBucket(100.0)
    await bucket.take()
    clock.now_s += 3600
    began_s = clock.now_s
    for _ in range(11):
        await bucket.take()
    assert clock.now_s == began_s
    await bucket.take()
    assert clock.now_s > began_s


async def test_it_wakes_ten_times_a_second_at_most(clock: SleepingClock) -> None:
    bucket = TokenBucket(1000.0)
    for _ in range(3000):
        await bucket.take()
    assert min(clock.naps) >= BURST_S


async def test_the_backlog_is_paced_and_what_is_live_is_not(tmp_path: Path, clock: SleepingClock) -> None:
    async with relaying(tmp_path / "outbox.db", rate=10.0) as relays:
        for number in range(21):
            relays.reading(b"old %d" % number)
        end = await relays.connect(window=1000)
        began_s = clock.now_s
        for number in range(500):
            relays.reading(b"new %d" % number)
        assert len([payload for payload in end.payloads if payload.startswith(b"new")]) == 500
        assert clock.now_s == began_s
        await relays.sent(521)
        assert clock.now_s - began_s == pytest.approx(2.0, abs=0.2)
