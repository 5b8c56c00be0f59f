"""Losses that were not told yet are told when a connection begins, and before it ends."""

import asyncio
from pathlib import Path

import pytest

from gateway.outbox import staging
from tests.outbox.setup import full, until
from tests.relay.setup import RelayRig, relaying


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture(autouse=True)
def small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 5)


async def lose_twice(relays: RelayRig) -> None:
    """The first loss is told, the second is not yet."""
    for _ in range(2):
        for _ in range(6):
            relays.reading(b"r")
        await until(lambda: relays.rig.gaps and relays.rig.is_quiet)
    assert len(relays.rig.gaps) == 1
    assert relays.rig.outbox._cycle.losses


async def test_at_its_beginning(path: Path) -> None:
    async with relaying(path) as relays:
        await lose_twice(relays)
        end = await relays.connect()
        assert len(relays.rig.gaps) == 2
        await relays.quiet()
        assert len([m for m in end.sent if m.kind == "gap"]) == 2


async def test_when_it_drains(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect(window=100)
        await lose_twice(relays)
        relays.rig.stage("status", b"offline")
        task = asyncio.create_task(relays.relay.drained())
        await relays.quiet()
        assert len(relays.rig.gaps) == 2
        end.ack()
        await task


@pytest.mark.parametrize("interval", ["0s", "1s"])
async def test_a_backlog_on_a_disk_that_refuses_still_goes_out(path: Path, interval: str) -> None:
    async with relaying(path) as relays:
        relays.reading(b"old")
    async with relaying(path, commit_interval=interval, announce=lambda r: [r.rig.stage("status", b"x")]) as relays:
        await full(relays.rig.outbox, 1)
        relays.rig.stage("reading", bytes(100_000))
        end = await relays.connect(max_bytes=10)
        await until(lambda: b"old" in end.payloads)
        await full(relays.rig.outbox, 10**6)
