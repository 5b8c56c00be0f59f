"""A drained outbox gives its room back to the disk."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.outbox.disk.space import CHEAP_BYTES, MAX_FREE_BYTES
from tests.outbox.setup import Rig, opened

MIB = 1024**2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def on_disk(rig: Rig) -> int:
    return sum(len(data) for data in rig.files())


async def tidied(rig: Rig) -> None:
    """Let what follows a commit happen."""
    for _ in range(10):
        await rig.outbox.store.rows("SELECT 1")
        await asyncio.sleep(0)


async def backlog(rig: Rig, mib: int) -> None:
    """Comes and is drained."""
    entries = []
    for _ in range(mib):
        entries += [rig.stage(payload=bytes(1000)) for _ in range(MIB // 1000)]
        await rig.commit()
    for entry in entries:
        rig.outbox.acknowledged(entry)
    await rig.commit(1.0)


async def test_after_a_large_backlog_the_file_is_small_again_at_once(path: Path) -> None:
    async with opened(path) as rig:
        await backlog(rig, 20)
        await tidied(rig)
        assert on_disk(rig) < MIB
        rig.clock.advance(100)
        assert rig.is_quiet, "and then it rests"
        rig.assert_counted()


async def test_while_much_waits_its_room_is_kept(path: Path) -> None:
    async with opened(path) as rig:
        kept = [rig.stage(payload=bytes(1000)) for _ in range(CHEAP_BYTES // 900)]
        await rig.commit()
        await backlog(rig, 10)
        await tidied(rig)
        assert on_disk(rig) > 18 * MIB
        for entry in kept:
            rig.outbox.acknowledged(entry)
        await rig.commit(1.0)
        await tidied(rig)
        assert on_disk(rig) < MIB


async def test_a_little_room_is_kept_for_the_next_outage(path: Path) -> None:
    async with opened(path) as rig:
        rig.stage()
        await rig.commit()
        await tidied(rig)
        entries = [rig.stage(payload=bytes(1000)) for _ in range(MAX_FREE_BYTES // 2000)]
        await rig.commit()
        pages = rig.query("PRAGMA page_count")
        for entry in entries:
            rig.outbox.acknowledged(entry)
        await rig.commit(1.0)
        await tidied(rig)
        assert rig.query("PRAGMA page_count") == pages


async def test_a_reader_does_not_hold_it_up(path: Path) -> None:
    async with opened(path) as rig:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM envelope").fetchall()
            await backlog(rig, 6)
            await tidied(rig)
        rig.stage()
        await rig.commit()
        assert await rig.outbox.store.rows("PRAGMA busy_timeout") == [(2000,)]
        assert rig.outbox.depth()["fault"] is None
