"""How an outbox file is opened: made if there is none, its pragmas, its schema, and a new session in it."""

from __future__ import annotations

import errno
import importlib.resources
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from aiosqlite import Connection

from gateway.outbox.disk.aside import Kind, sync, sync_folder

SCHEMA_VERSION = 2

BUSY_TIMEOUT_MS = 2000
"""How long a second process (an export) may hold the file before a commit counts as failed."""

VACUUM = "PRAGMA auto_vacuum=INCREMENTAL"

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_size_limit=1048576",
)

IDS_PER_SESSION = 1_000_000
"""Ids of a session begin at this multiple of it, so that they order rows across sessions and files: a session begins
as many seconds later as its number is higher, and no outbox takes a million envelopes a second."""

MAX_ID = 1 << 62
"""Beyond it there is no room for ids to grow."""

LAST_ID = "SELECT max(coalesce((SELECT max(id) FROM envelope), 0), coalesce((SELECT max(id) FROM dead), 0))"

SETTING = "INSERT OR REPLACE INTO meta VALUES (?, ?)"

CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says, at any time, of a file that is not as it was written."""

DISK_FAULTS = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_AUTH,
    }
)
"""What is no matter of what a file holds; at the opening whatever else SQLite says is."""


REFUSALS = frozenset({errno.EROFS, errno.EIO, errno.ENOSPC, errno.EDQUOT})
"""What the system says where a disk takes no writes, whoever asks."""


class NewerSchemaError(ValueError):
    """The file is of a version of fieldgate that did not exist yet."""


class UnreadableError(ValueError):
    """The file is a database, but no outbox."""


class Opened(NamedTuple):
    """What the file said when it was opened: this run's session, and how the last one ended.

    This session's ids follow `last_id`; rows from `sealed_from` on are sealed as a whole.
    """

    session: int
    previous_session: int
    clean: bool
    last_id: int
    sealed_from: int


def make(path: Path, said: Mapping[str, int]) -> None:
    """A file with its tables and these settings, which has its name once it is whole; raises sqlite3.Error, OSError."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute(VACUUM)
        for number in range(1, SCHEMA_VERSION + 1):
            db.executescript(_migration(number))
        db.executemany(SETTING, said.items())
    sync(draft)
    draft.rename(path)
    sync_folder(path)


async def prepare(db: Connection) -> None:
    """Set a fresh connection up, and bring the file to this version's schema."""
    for pragma in PRAGMAS:
        await db.execute(pragma)
    version = int(next(iter(await db.execute_fetchall("PRAGMA user_version")))[0])
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(f"from a newer fieldgate (schema {version}, this one knows {SCHEMA_VERSION})")
    if version < 1:
        raise UnreadableError("it holds no outbox")
    for number in range(version + 1, SCHEMA_VERSION + 1):
        await db.executescript(_migration(number))


async def begin_session(db: Connection, now_s: float, said: Mapping[str, int]) -> Opened:
    """On disk before anything can be said in it; `now_s` is the wall clock. These settings with it."""
    meta = await settings(db)
    last_id = int(next(iter(await db.execute_fetchall(LAST_ID)))[0])
    if not {"session", "clean", "rows", "bytes", "sealed_from", "journal_lost"} <= meta.keys() or last_id >= MAX_ID:
        raise UnreadableError("its settings can't be read")
    session = max(meta["session"] + 1, int(now_s))
    if session * IDS_PER_SESSION >= MAX_ID:
        raise UnreadableError("its session can't be read")
    await db.execute("BEGIN IMMEDIATE")
    await db.execute("UPDATE meta SET value = ? WHERE key = 'session'", (session,))
    await db.execute("UPDATE meta SET value = 0 WHERE key = 'clean'")
    await db.execute("UPDATE meta SET value = 0 WHERE key IN ('rows', 'bytes') AND NOT EXISTS (SELECT 1 FROM envelope)")
    await db.executemany(SETTING, said.items())
    await db.commit()
    last_id = max(last_id, session * IDS_PER_SESSION)
    return Opened(session, meta["session"], bool(meta["clean"]), last_id, meta["sealed_from"])


async def settings(db: Connection) -> dict[str, int]:
    """What `meta` says, as far as it can be read."""
    said = await db.execute_fetchall("SELECT key, value FROM meta")
    return {key: value for key, value in said if isinstance(key, str) and isinstance(value, int)}


def is_corrupt(error: Exception) -> bool:
    """Whether this shows, at any time, that the file is not as it was written."""
    return isinstance(error, UnreadableError) or (isinstance(error, sqlite3.Error) and _code(error) in CORRUPT)


def is_for_want_of_room(error: BaseException | None) -> bool:
    """Whether more room on the disk may help; SQLite calls a log's index that finds none an I/O error."""
    if isinstance(error, sqlite3.Error):
        return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_fault_of_disk(error: BaseException | None) -> bool:
    """Whether this shows by itself that the disk is what refuses: more of SQLite's words may mean that, or a right."""
    if isinstance(error, sqlite3.Error):
        return _code(error) in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
    return isinstance(error, OSError) and error.errno in REFUSALS


def unusable_as(error: Exception) -> Kind | None:
    """What a file is that could not be opened so; None where that is the disk's fault, or that of who may what."""
    if isinstance(error, NewerSchemaError):
        return "newer"
    return None if isinstance(error, sqlite3.Error) and _code(error) in DISK_FAULTS else "corrupt"


def _code(error: sqlite3.Error) -> int:
    """SQLite's own word; Python's own errors have none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _migration(number: int) -> str:
    """One version's step, in one transaction."""
    file = importlib.resources.files("gateway.outbox.disk") / "schema" / f"{number:03}.sql"
    return f"BEGIN IMMEDIATE; {file.read_text(encoding='utf-8')}; PRAGMA user_version={number}; COMMIT"
