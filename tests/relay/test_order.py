"""Strict order, and rows that come to light behind what has been read."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway import lanes as module
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.entry import Entry
from tests.outbox.setup import WALL_S, until
from tests.relay.setup import RelayRig, relaying

RESCUED_SESSION = 7


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def named(first: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, end)]


async def come_to_light(relays: RelayRig, kinds: Sequence[str]) -> list[bytes]:
    """As an outbox that rescues these rows from a damaged file; their payloads."""
    entries = [
        Entry(number, RESCUED_SESSION, number, kind, "d", int(WALL_S * 1000), b"rescued %d" % number)
        for number, kind in enumerate(kinds, start=1)
    ]
    outbox = relays.rig.outbox
    await outbox.store.write(insert_statements(entries))
    outbox._disk.count({entry.id: entry for entry in entries})
    outbox.on_found()
    return [entry.payload for entry in entries]


async def answer_all(relays: RelayRig, count: int) -> list[bytes]:
    """Acknowledge one by one until so many have been published; what was."""
    while len(relays.end.sent) < count:
        await until(lambda: relays.end.unanswered or len(relays.end.sent) >= count)
        relays.end.ack(relays.end.unanswered[:1])
    return relays.end.payloads


@pytest.mark.parametrize("interval", ["0s", "1s"])
async def test_in_strict_order_new_readings_wait_for_older_ones(path: Path, interval: str) -> None:
    async with relaying(path, strict=True, commit_interval=interval) as relays:
        for payload in named(0, 200):
            relays.reading(payload)
        await relays.connect(window=5)
        for payload in named(200, 400):
            relays.reading(payload)
        assert await answer_all(relays, 400) == named(0, 400)


async def test_in_strict_order_too_what_is_no_reading_goes_first(path: Path) -> None:
    async with relaying(path, strict=True) as relays:
        for payload in named(0, 50):
            relays.reading(payload)
        relays.rig.stage("result", b"old result")
        end = await relays.connect(window=5)
        await relays.quiet()
        relays.rig.stage("result", b"result")
        end.ack(end.unanswered[:1])
        await relays.quiet()
        assert end.payloads == [b"old result", *named(0, 4), b"result"]


async def test_in_strict_order_with_nothing_behind_readings_leave_at_once(path: Path) -> None:
    async with relaying(path, strict=True) as relays:
        end = await relays.connect()
        await relays.quiet()
        relays.reading(b"now")
        assert end.payloads == [b"now"]


async def test_in_strict_order_a_drain_does_not_wait_for_what_is_held_back(path: Path) -> None:
    async with relaying(path, strict=True) as relays:
        for payload in named(0, 50):
            relays.reading(payload)
        await relays.connect(window=2)
        relays.reading(b"50")
        await asyncio.wait_for(relays.relay.drained(), 5)


async def test_in_strict_order_what_spills_to_disk_leaves_in_its_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIVE_LIMIT", 10)
    async with relaying(path, strict=True) as relays:
        await relays.connect(window=3)
        await relays.quiet()
        for start in range(0, 120, 30):
            for payload in named(start, start + 30):
                relays.reading(payload)
            await relays.rig.commit()
        assert await answer_all(relays, 120) == named(0, 120)


async def test_in_strict_order_a_lost_connection_begins_again_with_the_oldest_that_is_not_acknowledged(
    path: Path,
) -> None:
    async with relaying(path, strict=True) as relays:
        for payload in named(0, 20):
            relays.reading(payload)
        end = await relays.connect(window=8)
        await relays.sent(8)
        for payload in named(20, 40):
            relays.reading(payload)
        end.ack(end.unanswered[:3])
        await relays.disconnect()
        await relays.connect(window=8)
        assert await answer_all(relays, 37) == named(3, 40)


@pytest.mark.parametrize("strict", [False, True])
async def test_what_comes_to_light_goes_before_what_was_read_already_and_nothing_goes_twice(
    path: Path, strict: bool
) -> None:
    async with relaying(path, strict=strict) as relays:
        for payload in named(0, 20):
            relays.reading(payload)
        end = await relays.connect(window=5)
        await relays.sent(5)
        rescued = await come_to_light(relays, ["reading"] * 3)
        await relays.quiet()
        assert await answer_all(relays, 23) == [*named(0, 5), *rescued, *named(5, 20)]
        end.ack()
        await relays.rig.commit(1.0)
        relays.rig.assert_counted()


@pytest.mark.parametrize("strict", [False, True])
async def test_what_comes_to_light_after_a_drain_is_sent(path: Path, strict: bool) -> None:
    async with relaying(path, strict=strict) as relays:
        end = await relays.connect()
        relays.reading(b"now")
        await relays.sent(1)
        end.ack()
        rescued = await come_to_light(relays, ["reading", "result"])
        await relays.sent(3)
        assert end.payloads == [b"now", rescued[1], rescued[0]]


async def test_what_was_told_on_this_connection_is_not_told_again_for_what_comes_to_light(path: Path) -> None:
    async with relaying(path) as relays:
        relays.rig.stage("result", b"old result")
        end = await relays.connect()
        await relays.sent(1)
        rescued = await come_to_light(relays, ["result"])
        await relays.sent(2)
        await relays.quiet()
        assert end.payloads == [b"old result", *rescued]


async def test_what_comes_to_light_while_nobody_is_connected_is_sent_when_somebody_is(path: Path) -> None:
    async with relaying(path) as relays:
        rescued = await come_to_light(relays, ["reading"])
        await relays.connect()
        assert await relays.sent(1) == rescued


async def test_what_is_being_set_aside_is_not_sent_for_what_comes_to_light(path: Path) -> None:
    async with relaying(path) as relays:
        relays.reading(bytes(50))
        end = await relays.connect(max_bytes=20)
        rescued = await come_to_light(relays, ["reading"])
        assert await relays.sent(1) == rescued
        end.ack()
        await relays.rig.settle()
        assert [gap.count for gap in relays.rig.gaps] == [1]
