"""Outbox files with something in them, and ways in which they are damaged."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gateway.outbox.disk.aside import asides, log_of
from gateway.outbox.disk.opening import make
from gateway.outbox.disk.rows import INSERT, row_of
from gateway.outbox.entry import Entry
from gateway.outbox.rescue import rescue
from gateway.outbox.rescue.rescue import Rescue
from tests.outbox.setup import WALL_S, Rig, opened, query

PAGE = 4096

SECOND_FRAME = 32 + 24 + PAGE + 24 + 100
"""Where a byte of it is in a log."""

SESSION = int(WALL_S) - 1000

COLUMNS = "id, session, seq, kind, device, time_ms, payload, ahead_ms"

Row = tuple[Any, ...]


def entry(number: int, payload: bytes = b"{}", kind: str = "reading") -> Entry:
    """Of the session before."""
    return Entry(SESSION * 10**6 + number, SESSION, number, kind, "d", SESSION * 1000 + number, payload)


def build(path: Path, entries: list[Entry], *, each: int = 50, log: bool = True) -> None:
    """A file as a daemon leaves it that is killed: so many rows by each transaction, all still in the log if asked."""
    work = path.with_name("building.db")
    make(work, {"session": SESSION, "clean": 0})
    with closing(sqlite3.connect(work, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        for first in range(0, len(entries), each):
            some = entries[first : first + each]
            db.execute("BEGIN")
            db.executemany(INSERT, [row_of(one) for one in some])
            size = sum(len(one.payload) + 64 for one in some)
            db.execute("UPDATE meta SET value = value + ? WHERE key = 'rows'", (len(some),))
            db.execute("UPDATE meta SET value = value + ? WHERE key = 'bytes'", (size,))
            db.execute("COMMIT")
        if not log:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        shutil.copy(work, path)
        shutil.copy(log_of(work), log_of(path))
    for file in (work, log_of(work), work.with_name("building.db-shm")):
        file.unlink(missing_ok=True)


def some(count: int, payload_bytes: int = 200, kinds: tuple[str, ...] = ("reading",)) -> list[Entry]:
    rng = random.Random(count)
    return [
        entry(number, rng.randbytes(rng.randrange(payload_bytes)), kinds[number % len(kinds)])
        for number in range(1, count + 1)
    ]


def flip(file: Path, at: int, bits: int = 4) -> None:
    """As a worn flash cell does."""
    flip_all(file, [(at, bits)])


def flip_all(file: Path, changes: Iterable[tuple[int, int]]) -> None:
    """Each is a place and the bits that turn."""
    data = bytearray(file.read_bytes())
    for at, bits in changes:
        data[at] ^= bits
    file.write_bytes(data)


def overwrite(file: Path, at: int, data: bytes) -> None:
    with file.open("r+b") as opened_file:
        opened_file.seek(at)
        opened_file.write(data)


def rows(path: Path) -> list[Row]:
    return query(path, f"SELECT {COLUMNS} FROM envelope ORDER BY id")


def own(path: Path, before_id: int = int(WALL_S) * 10**6) -> list[Row]:
    """Rows of sessions before."""
    return [row for row in rows(path) if row[0] < before_id]


def as_rows(entries: list[Entry]) -> list[Row]:
    return [(*row_of(one)[:7], one.ahead_ms) for one in entries]


def meta(path: Path) -> dict[str, int]:
    return dict(query(path, "SELECT key, value FROM meta"))


@asynccontextmanager
async def rescuing(path: Path, **settings: Any) -> AsyncIterator[tuple[Rig, Rescue]]:
    """An outbox at work with its rescue."""
    async with opened(path, **settings) as rig:
        rescue = Rescue(rig.outbox)
        task = asyncio.create_task(rescue.run())
        try:
            yield rig, rescue
        finally:
            task.cancel()
            await asyncio.wait([task])


async def is_over(path: Path) -> None:
    """Return once everything set aside is rescued."""
    await eventually(lambda: all(aside.is_rescued for aside in asides(path)))


async def eventually(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 -- a thread and the disk bring it about
            await asyncio.sleep(0.005)


async def rescued(path: Path, **settings: Any) -> list[Row]:
    """Open, rescue everything, and see what is there then of sessions before."""
    async with rescuing(path, **settings) as (rig, _):
        await is_over(path)
        rig.assert_counted()
        return own(path)


async def half_rescued(path: Path, entries: list[Entry]) -> None:
    """An outbox with a file beside it that was damaged, has losses of its own, and is rescued in part: 7 rows are lost.

    All of them are told by the outbox, or noted in it.
    """
    build(path, entries, log=False)
    query(path, "INSERT INTO loss VALUES ('full', 9, NULL, 7, 1, 7, 1, 2)")
    query(path, "INSERT INTO lost VALUES ('full', 7)")
    overwrite(path, 0, bytes(100))
    with patch.multiple(rescue, ROWS_AT_ONCE=40, PAGES_AT_ONCE=2):
        async with rescuing(path):
            await eventually(lambda: len(own(path)) > len(entries) // 4)
    assert len(own(path)) < len(entries)


async def in_time(rig: Rig, happened: Callable[[], object]) -> None:
    """Let time pass until something is so."""
    async with asyncio.timeout(20):
        while not happened():
            rig.clock.advance(1)
            await asyncio.sleep(0.005)
