"""How fast the backlog goes."""

import asyncio
from pathlib import Path

import pytest

from gateway.pace import BURST_S, TokenBucket
from tests.relay.setup import relaying

BEGAN_S = 5000.0


def take_all(bucket: TokenBucket, count: int, at_once: int = 100) -> tuple[float, list[float]]:
    """Take so many, resting when told to: how long it takes, and the rests."""
    now_s, rests = BEGAN_S, list[float]()
    while count > 0:
        passed = bucket.take(min(count, at_once), now_s)
        count -= passed
        if not passed:
            rests.append(bucket.rest_s)
            now_s += rests[-1]
    return now_s - BEGAN_S, rests


@pytest.mark.parametrize("at_once", [1, 100])
@pytest.mark.parametrize("rate", [0.1, 1.0, 7.0, 200.0, 12_345.0])
def test_the_rate_is_held(rate: float, at_once: int) -> None:
    bucket, count = TokenBucket(rate), max(5, int(rate * 3))
    took_s, _ = take_all(bucket, count, at_once)
    burst = 1.0 + rate * BURST_S
    assert count / rate - burst / rate - 1e-6 <= took_s <= count / rate + BURST_S + 1e-6


def test_a_pause_earns_no_more_than_one_burst() -> None:
    bucket = TokenBucket(100.0)
    bucket.take(1, BEGAN_S)
    assert bucket.take(1000, BEGAN_S + 3600) == 11
    assert bucket.take(1000, BEGAN_S + 3600) == 0


def test_no_more_pass_than_are_wanted() -> None:
    bucket = TokenBucket(100.0)
    assert [bucket.take(4, BEGAN_S), bucket.take(7, BEGAN_S), bucket.take(1, BEGAN_S)] == [4, 7, 0]


def test_it_wakes_ten_times_a_second_at_most() -> None:
    _, rests = take_all(TokenBucket(1000.0), 3000)
    assert min(rests) >= BURST_S


def test_what_is_granted_passes_beside_the_rate_until_it_is_withdrawn() -> None:
    bucket = TokenBucket(10.0)
    for _ in range(50):
        bucket.grant()
    assert bucket.take(30, BEGAN_S) == 30
    bucket.withdraw()
    assert bucket.take(30, BEGAN_S) == 2


async def test_the_backlog_is_paced_and_what_is_live_is_not(tmp_path: Path) -> None:
    async with relaying(tmp_path / "outbox.db", rate=100.0) as relays:
        for number in range(41):
            relays.reading(b"old %d" % number)
        end = await relays.connect(window=1000)
        began_s = asyncio.get_running_loop().time()
        for number in range(500):
            relays.reading(b"new %d" % number)
        assert len([payload for payload in end.payloads if payload.startswith(b"new")]) == 500
        await relays.sent(541)
        assert asyncio.get_running_loop().time() - began_s >= 0.28, "11 at once, 30 at 100 per second"


async def test_in_strict_order_the_backlog_goes_on_by_as_many_as_are_held_back(tmp_path: Path) -> None:
    async with relaying(tmp_path / "outbox.db", rate=0.1, strict=True) as relays:
        for number in range(40):
            relays.reading(b"%d" % number)
        end = await relays.connect(window=1000)
        await relays.sent(1)
        assert len(end.sent) == 1
        for number in range(40, 100):
            relays.reading(b"%d" % number)
        assert await relays.sent(61) == [b"%d" % number for number in range(61)]
