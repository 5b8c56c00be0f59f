"""A disk that refuses: nothing is lost, nothing changes places, and it recovers by itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from gateway.outbox.schedule import RETRY_MAX_S, RETRY_MIN_S
from tests.outbox.setup import Rig, full, opened, until
from tests.support import disk

LARGE = bytes(100_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def fault(rig: Rig) -> str:
    """What the status says."""
    return rig.outbox.depth()["fault"] or ""


async def test_a_full_disk_is_told_and_everything_stays_in_memory_in_order(path: Path) -> None:
    async with opened(path) as rig:
        await full(rig.outbox, 1)
        entries = [rig.stage(payload=LARGE)]
        await rig.commit()
        assert "full" in fault(rig)
        assert rig.ids() == []
        entries += [rig.stage(payload=LARGE)]
        assert await rig.waiting() == [e.id for e in entries]
        rig.assert_counted()
        await full(rig.outbox, 10**6)
        await rig.commit(RETRY_MIN_S)
        assert fault(rig) == ""
        assert rig.ids() == [e.id for e in entries]
        rig.assert_counted()


async def test_what_is_acknowledged_meanwhile_does_not_wait_on(path: Path) -> None:
    async with opened(path) as rig:
        await full(rig.outbox, 1)
        first, second = rig.stage(payload=LARGE), rig.stage(payload=LARGE)
        rig.clock.advance(0.5)
        await until(lambda: rig.outbox._staged.committing)
        rig.outbox.acknowledged(first)
        await rig.commit(0)
        rig.outbox.acknowledged(second)
        assert await rig.waiting() == []
        await full(rig.outbox, 10**6)
        await rig.commit(RETRY_MIN_S)
        assert rig.ids() == []
        assert fault(rig) == "", "shown by a write, though nothing waits for one"
        rig.assert_counted()


async def test_attempts_come_in_growing_pauses_whatever_is_staged(path: Path) -> None:
    async with opened(path) as rig:
        await full(rig.outbox, 1)
        rig.stage(payload=LARGE)
        await rig.commit()
        for pause_s in (1.0, 2.0, 4.0, 8.0, 16.0, RETRY_MAX_S, RETRY_MAX_S):
            for _ in range(3):
                rig.outbox.acknowledged(rig.stage())
                rig.stage()
                rig.clock.advance((pause_s - 0.01) / 3)
                assert rig.is_quiet
            await rig.commit(0.02)
        await full(rig.outbox, 10**6)
        await rig.commit(RETRY_MAX_S)
        assert fault(rig) == ""
        rig.stage()
        await rig.commit(0.5)


@pytest.mark.parametrize("interval", ["0s", "1s", "10min"])
async def test_it_recovers_whatever_the_interval(path: Path, interval: str) -> None:
    async with opened(path, commit_interval=interval) as rig:
        await full(rig.outbox, 1)
        entry = rig.stage(payload=LARGE)
        await rig.commit(300)
        await full(rig.outbox, 10**6)
        await rig.commit(RETRY_MIN_S)
        assert rig.ids() == [entry.id]
        assert entry in rig.ready


async def test_the_fault_is_logged_once_and_so_is_its_end(path: Path) -> None:
    async with opened(path) as rig:
        with structlog.testing.capture_logs() as logs:
            await full(rig.outbox, 1)
            rig.stage(payload=LARGE)
            for after_s in (0.5, 1, 2):
                await rig.commit(after_s)
            await full(rig.outbox, 10**6)
            await rig.commit(4)
    assert [event["event"] for event in logs if event.get("outbox") == "cloud"] == [
        "outbox can't use its file; readings are kept in memory",
        "outbox writes again",
    ]


async def test_a_file_that_is_locked_for_too_long_is_a_fault_like_any_other(path: Path) -> None:
    async with opened(path) as rig:
        await rig.outbox.store.rows("PRAGMA busy_timeout=1")
        entry = rig.stage()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await rig.commit()
            assert "locked" in fault(rig)
        await rig.commit(RETRY_MIN_S)
        assert rig.ids() == [entry.id]


async def test_what_can_not_be_written_at_the_end_leaves_an_unclean_mark(path: Path) -> None:
    async with opened(path) as rig:
        await full(rig.outbox, 1)
        rig.stage(payload=LARGE)
    async with opened(path) as rig:
        assert rig.query("SELECT value FROM meta WHERE key = 'clean'") == [(0,)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk.small_disk(tmp_path / "disk", "512k") as folder:
        yield folder


@pytest.mark.root
async def test_a_disk_without_room_costs_nothing_once_there_is_room_again(small_disk: Path) -> None:
    async with opened(small_disk / "outbox.db") as rig:
        other = small_disk / "somebody else's"
        other.write_bytes(bytes(300 * 1024))
        entries = [rig.stage(payload=bytes(10_000)) for _ in range(20)]
        await rig.commit()
        assert fault(rig)
        assert await rig.waiting(limit=1000) == [e.id for e in entries]
        other.unlink()
        await rig.commit(RETRY_MIN_S)
        assert fault(rig) == ""
        assert rig.ids() == [e.id for e in entries]
        rig.assert_counted()
