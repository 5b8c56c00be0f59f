"""Gives what a drained outbox no longer needs back to the disk."""

from __future__ import annotations

from aiosqlite import Connection

from gateway.outbox.opening import BUSY_TIMEOUT_MS

FREE_BYTES = 1024**2
"""Empty pages that a file may keep: they are used again at the next outage."""

PAGES_AT_ONCE = 512
"""Pages handed back in one go (2 MiB): bounds how long a commit may have to wait for it."""


async def hand_back(db: Connection) -> bool:
    """Shrink the file by so many pages; with the last of them also the log. False when there is little to give."""
    if await _free_bytes(db) <= FREE_BYTES:
        return False
    await db.execute_fetchall(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})")
    if await _free_bytes(db) > FREE_BYTES:
        return True
    await _empty_log(db)
    return False


async def _free_bytes(db: Connection) -> int:
    return await _number(db, "PRAGMA freelist_count") * await _number(db, "PRAGMA page_size")


async def _empty_log(db: Connection) -> None:
    """Only if nobody reads the file just now: no commit waits for them."""
    await db.execute("PRAGMA busy_timeout=0")
    try:
        await db.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


async def _number(db: Connection, sql: str) -> int:
    return int(next(iter(await db.execute_fetchall(sql)))[0])
