"""How an outbox file uses the disk, and how it hands back what it no longer needs."""

from __future__ import annotations

from enum import Enum, auto

from aiosqlite import Connection

from gateway.outbox.disk.opening import BUSY_TIMEOUT_MS

PAGE_BYTES = 4096
"""SQLite's default, and a flash card's unit of writing."""

FREE_SHARE = 64
"""Empty pages that a file may keep, as a part of `max_size`: what the next commits in a full outbox will use."""

MAX_FREE_BYTES = 4 * 1024**2
"""At most so much."""

CHEAP_BYTES = 4 * 1024**2
"""A file with at most so much in use is written anew for the room that it gives back: some 2 s on a slow card."""

PAGES_AT_ONCE = 256
"""Else, once nothing waits, room is handed back in pieces of 1 MiB."""

LISTABLE_BYTES = 1024**3
"""SQLite searches its list of empty pages for each that it hands back: not in longer ones."""

LOG_SHARE = 20
"""A twentieth of `max_size` is the log's, which lies beside the pages in use."""

CHECKPOINT_SHARE = 33
"""The log goes into the file when it has this part of `max_size`; the transaction that makes it so lies on top."""

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


def cheap_bytes(max_size: int) -> int:
    """With so little in use a file may be written anew: all of it goes through the log."""
    return min(max_size // CHECKPOINT_SHARE, CHEAP_BYTES)


def dead_bytes(max_size: int) -> int:
    """What the dead letters' payloads may take together."""
    return min(max_size // ASIDE_SHARE, MAX_DEAD_BYTES)


def journal_bytes(wanted: int, max_size: int) -> int:
    """What the journal may take of an outbox."""
    return min(max_size // ASIDE_SHARE, wanted)


async def bound_log(db: Connection, max_size: int) -> None:
    """Let the log stay within its share."""
    pages = min(CHECKPOINT_PAGES, max_size // CHECKPOINT_SHARE // PAGE_BYTES)
    await db.execute_fetchall(f"PRAGMA wal_autocheckpoint={pages}")
    await db.execute_fetchall(f"PRAGMA journal_size_limit={min(MAX_LOG_KEPT_BYTES, pages * PAGE_BYTES)}")


async def used_bytes(db: Connection) -> int:
    """What the pages in use take, as this transaction has left them."""
    pages = "pragma_page_count, pragma_freelist_count, pragma_page_size"
    return await _number(db, f"SELECT (page_count - freelist_count) * page_size FROM {pages}")


class Room(Enum):
    """What there is to hand back: nothing, nothing that is cheap yet, or another step of it."""

    NONE = auto()
    LATER = auto()
    MORE = auto()


async def hand_back(db: Connection, max_size: int, *, is_drained: bool) -> Room:
    """Give empty pages back to the disk, as far as that is cheap and stays within `max_size`.

    A file with little in it is written anew, through its log. One that holds more, but no envelopes, or that is larger
    than it may be, shrinks in steps.
    """
    free, used = await _free_bytes(db), await used_bytes(db)
    if free <= free_bytes(max_size):
        return Room.NONE
    if used <= cheap_bytes(max_size):
        await _empty_log(db)
        await db.execute("VACUUM")
        await _empty_log(db)
        return Room.NONE
    if free > LISTABLE_BYTES or not (is_drained or used + free > max_size):
        return Room.LATER
    await db.executescript(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})")  # `execute` stops after the first page
    return Room.MORE


async def _free_bytes(db: Connection) -> int:
    return await _number(db, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")


async def _empty_log(db: Connection) -> None:
    """Only if nobody reads the file just now: no commit waits for them."""
    await db.execute_fetchall("PRAGMA busy_timeout=0")
    try:
        await db.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await db.execute_fetchall(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


async def _number(db: Connection, sql: str) -> int:
    return int(next(iter(await db.execute_fetchall(sql)))[0])
