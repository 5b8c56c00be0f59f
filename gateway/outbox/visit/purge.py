"""Deletes envelopes that nobody shall have any more; no daemon may be at work on the file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from aiosqlite import Connection

from gateway.model import Gap, GapReason
from gateway.outbox.disk.aside import back_of
from gateway.outbox.disk.opening import prepare
from gateway.outbox.disk.rows import SIZE, count, number
from gateway.outbox.disk.wreck import Wreck
from gateway.outbox.entry import READING
from gateway.outbox.evicted import Evicted, told_again
from gateway.outbox.losses import Losses
from gateway.outbox.noted import LOSS_MERGED, LOST_ADDED, row_of
from gateway.outbox.visit.visit import Unreadable

BATCH_ROWS = 10_000
"""Deleted in one transaction: it is whole when the purge is cut, and its log fits on a disk that is nearly full."""

NO_SESSION = 0
"""No file begins with it: what is lost is always of another one."""

TAKE = (
    "DELETE FROM envelope WHERE id IN (SELECT id FROM envelope WHERE kind = ? OR ? ORDER BY id LIMIT ?)"
    f" RETURNING id, {number('session')}, {number('seq')}, {number('time_ms')}, {SIZE},"
    " device, CASE kind WHEN 'gap' THEN payload END"
)


async def purge(path: Path, *, everything: bool) -> int:
    """Delete the readings, or every envelope; returns how many. Raises Unreadable, sqlite3.Error, OSError, ValueError.

    Each is counted as lost, so that the next session tells; what purged gaps have told, will be told again.
    """
    purged = 0
    async with _opened(path) as db:
        while deleted := await _batch(db, everything=everything):
            purged += deleted
    return purged


async def purge_dead(path: Path) -> int:
    """Delete what the far end has refused for good, which was told long ago; raises as `purge`."""
    async with _opened(path) as db:
        return len(list(await db.execute_fetchall("DELETE FROM dead RETURNING id")))


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[Connection]:
    """Opened by SQLite, a damaged log loses what follows the damage; a sound file is made small at the end."""
    await asyncio.to_thread(refuse_unmended, path)
    async with aiosqlite.connect(path, isolation_level=None) as db:
        await prepare(db)
        yield db
        await _hand_back(db)


def refuse_unmended(path: Path) -> None:
    """Leave to a daemon what it has to mend; raises Unreadable, OSError."""
    if back_of(path).exists():
        raise Unreadable("it was deleted in use, and what was in it is not put back yet")
    with Wreck(path) as wreck:
        if not wreck.is_log_whole:
            raise Unreadable("its log is damaged")


async def _batch(db: Connection, *, everything: bool) -> int:
    await db.execute("BEGIN IMMEDIATE")
    try:
        rows = list(await db.execute_fetchall(TAKE, (READING, everything, BATCH_ROWS)))
        losses = Losses()
        for _, session, seq, time_ms, _, device, _ in rows:
            losses.add(Gap(GapReason.PURGED, 1, seq, seq, time_ms, time_ms, device or None, session))
        losses.tell_again(told_again(map(_evicted, rows), NO_SESSION))
        await count(db, -len(rows), -sum(row[4] for row in rows))
        await db.executemany(LOST_ADDED, [(reason.value, number) for reason, number in losses.total.items()])
        await db.executemany(LOSS_MERGED, [row_of(gap, NO_SESSION) for gap in losses.take(0, everything=True)])
        await db.commit()
    except sqlite3.Error:
        await db.rollback()
        raise
    return len(rows)


def _evicted(row: sqlite3.Row) -> Evicted:
    row_id, session, seq, time_ms, size, _, word = row
    return Evicted(row_id, session, seq, time_ms, size, word, GapReason.PURGED)


async def _hand_back(db: Connection) -> None:
    """All empty pages, and the log."""
    await db.execute("VACUUM")
    await db.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
