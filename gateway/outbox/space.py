"""How an outbox file uses the disk, and how it hands back what it no longer needs."""

from __future__ import annotations

from aiosqlite import Connection

from gateway.outbox.opening import BUSY_TIMEOUT_MS

PAGE_BYTES = 4096
"""SQLite's default, and a flash card's unit of writing."""

FREE_SHARE = 64
"""Empty pages that a file may keep, as a part of `max_size`: what the next commits in a full outbox will use."""

MAX_FREE_BYTES = 4 * 1024**2
"""At most so much."""

CHEAP_BYTES = 8 * 1024**2
"""A file with so little in use is written anew for any room that it gives back: a second or two on a slow card."""

REBUILD_BYTES = 64 * 1024**2
"""One with more in use, up to this, for four times as much; a larger one keeps its room until it has drained."""

LOG_SHARE = 33
"""A thirty-third of `max_size`, some 3 %, is the log's, which lies beside the pages in use."""

MAX_LOG_BYTES = 8 * 1024**2
"""What the log is given at most: what one transaction and the frames before it can take."""

MAX_LOG_KEPT_BYTES = 1024**2
"""The log shrinks to this when it has gone into the file."""

CHECKPOINT_PAGES = 1000
"""The log goes into the file when it has this many pages (SQLite's default), in small outboxes sooner."""

COMMIT_SHARE = 128
"""One transaction takes at most this part of `max_size`, so that its log stays within the log's share."""

MIN_COMMIT_BYTES, MAX_COMMIT_BYTES = 32 * 1024, 4 * 1024**2
"""Bounds of that: fewer make commits of single envelopes, more keep the others on the same disk waiting."""


ASIDE_SHARE = 8
"""Dead letters get an eighth of `max_size`, the journal too: they must not push readings out."""

MAX_DEAD_BYTES = 16 * 1024**2
"""Enough to see what is wrong with them."""


def file_share(max_size: int) -> int:
    """What of an outbox's size the pages in use may take."""
    return max_size - min(max_size // LOG_SHARE, MAX_LOG_BYTES)


def commit_bytes(max_size: int) -> int:
    """How much payload one transaction may bring."""
    return min(max(max_size // COMMIT_SHARE, MIN_COMMIT_BYTES), MAX_COMMIT_BYTES)


def free_bytes(max_size: int) -> int:
    """How much in empty pages is left to the file."""
    return min(max_size // FREE_SHARE, MAX_FREE_BYTES)


def dead_bytes(max_size: int) -> int:
    """What the dead letters' payloads may take together."""
    return min(max_size // ASIDE_SHARE, MAX_DEAD_BYTES)


def journal_bytes(wanted: int, max_size: int) -> int:
    """What the journal may take of an outbox."""
    return min(max_size // ASIDE_SHARE, wanted)


async def bound_log(db: Connection, max_size: int) -> None:
    """Let the log stay within its share."""
    pages = min(CHECKPOINT_PAGES, max_size // LOG_SHARE // PAGE_BYTES)
    await db.execute_fetchall(f"PRAGMA wal_autocheckpoint={pages}")
    await db.execute_fetchall(f"PRAGMA journal_size_limit={min(MAX_LOG_KEPT_BYTES, pages * PAGE_BYTES)}")


async def used_bytes(db: Connection) -> int:
    """What the pages in use take, as this transaction has left them."""
    pages = "pragma_page_count, pragma_freelist_count, pragma_page_size"
    return await _number(db, f"SELECT (page_count - freelist_count) * page_size FROM {pages}")


async def hand_back(db: Connection, kept: int) -> bool:
    """Write the file anew without its empty pages, and the log; False when that is not worth it.

    Not page by page: SQLite searches its list of free pages for each, which takes hours after a long outage.
    """
    free, used = await _free_bytes(db), await used_bytes(db)
    if free <= kept or used > max(CHEAP_BYTES, min(free // 4, REBUILD_BYTES)):
        return False
    await db.execute("VACUUM")
    await _empty_log(db)
    return True


async def _free_bytes(db: Connection) -> int:
    return await _number(db, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")


async def _empty_log(db: Connection) -> None:
    """Only if nobody reads the file just now: no commit waits for them."""
    await db.execute("PRAGMA busy_timeout=0")
    try:
        await db.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


async def _number(db: Connection, sql: str) -> int:
    return int(next(iter(await db.execute_fetchall(sql)))[0])
