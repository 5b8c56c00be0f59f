"""How an outbox file is opened: made if there is none, its pragmas, its schema, and a new session in it."""

from __future__ import annotations

import errno
import importlib.resources
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiosqlite import Connection

from gateway.outbox.disk.aside import Kind, draft_of, index_of, log_of, sync, sync_folder
from gateway.outbox.entry import IDS_PER_SESSION
from gateway.outbox.noted import LOSS, LOST, NOTHING, Noted, row_of

SCHEMA_VERSION = 3

BUSY_TIMEOUT_MS = 2000
"""How long a second process (an export) may hold the file before a commit counts as failed."""

JOURNAL = "-journal"
"""What SQLite appends to the name of a file that has no log yet, for what a transaction overwrites."""

VACUUM = "PRAGMA auto_vacuum=INCREMENTAL"

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_size_limit=1048576",
)

MAX_ID = 1 << 62
"""Beyond it there is no room for ids to grow."""

LAST_ID = "SELECT max(coalesce((SELECT max(id) FROM envelope), 0), coalesce((SELECT max(id) FROM dead), 0))"

STRUCTURE = (
    "SELECT tables.name, columns.name, columns.type, columns.pk FROM sqlite_schema AS tables,"
    " pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
)

SETTING = "INSERT OR REPLACE INTO meta VALUES (?, ?)"

CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG})
"""What SQLite says, at any time, of a file that is not as it was written; nothing in it is too big for SQLite."""

CODE_MASK = 0xFF
"""The low byte of SQLite's extended result codes is the plain one (sqlite.org/rescode.html, section 3)."""

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


REFUSALS = frozenset(
    {
        errno.EROFS,
        errno.EIO,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EUCLEAN,
        errno.EBADMSG,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ENXIO,
        errno.ENODEV,
        errno.ENOMEDIUM,
        errno.ETIMEDOUT,
        errno.EREMOTEIO,
    }
)
"""What the system says where a disk takes no writes, whoever asks: it refuses, is full, damaged, gone or far away."""


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


def make(path: Path, said: Mapping[str, int], lost: Noted = NOTHING) -> None:
    """A file with its tables, these settings and these losses, which has its name once it is whole.

    Raises sqlite3.Error, OSError.
    """
    draft = draft_of(path)
    drop_draft(path)
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute(VACUUM)
        _make_tables(db)
        db.executemany(SETTING, said.items())
        db.executemany(LOSS, [row_of(gap, 0) for gap in lost.gaps])
        db.executemany(LOST, [(reason.value, count) for reason, count in lost.total.items()])
    finish_draft(draft)
    draft.rename(path)
    sync_folder(path)


def finish_draft(draft: Path) -> None:
    """See that it is on disk, with a log from the start. Raises sqlite3.Error, OSError.

    Else its first opening makes a journal, and a power cut leaves that to whatever has the file's name then.
    """
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
    sync(draft)


def drop_draft(path: Path) -> None:
    """Of a file that was not finished; raises OSError."""
    draft = draft_of(path)
    for part in (draft, draft.with_name(draft.name + JOURNAL), log_of(draft), index_of(draft)):
        if part.exists():
            part.unlink()


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
    await refuse_other_tables(db)


async def refuse_other_tables(db: Connection) -> None:
    """Raise UnreadableError unless the tables are those of this version: what damage says SQLite takes for true."""
    if sorted(await db.execute_fetchall(STRUCTURE)) != _structure():
        raise UnreadableError("its tables are not as they were made")


async def begin_session(db: Connection, now_s: float, said: Mapping[str, int]) -> Opened:
    """On disk before anything can be said in it; `now_s` is the wall clock. These settings with it."""
    meta = await settings(db)
    last_id = int(next(iter(await db.execute_fetchall(LAST_ID)))[0])
    if not {"session", "clean", "rows", "bytes", "sealed_from", "journal_lost"} <= meta.keys() or last_id >= MAX_ID:
        raise UnreadableError("its settings can't be read")
    if meta["rows"] > 0 and not await db.execute_fetchall("SELECT 1 FROM envelope LIMIT 1"):
        raise UnreadableError(f"{meta['rows']} rows were counted, none is found")
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
    return isinstance(error, UnreadableError) or (isinstance(error, sqlite3.Error) and code_of(error) in CORRUPT)


def is_for_want_of_room(error: BaseException | None) -> bool:
    """Whether more room on the disk may help; SQLite calls a log's index that finds none an I/O error."""
    if isinstance(error, sqlite3.Error):
        return code_of(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_fault_of_disk(error: BaseException | None) -> bool:
    """Whether this shows by itself that the disk is what refuses: more of SQLite's words may mean that, or a right."""
    if isinstance(error, sqlite3.Error):
        return code_of(error) in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
    return isinstance(error, OSError) and error.errno in REFUSALS


def unusable_as(error: Exception) -> Kind | None:
    """What a file is that could not be opened so; None where that is the disk's fault, or that of who may what."""
    if isinstance(error, NewerSchemaError):
        return "newer"
    return None if isinstance(error, sqlite3.Error) and code_of(error) in DISK_FAULTS else "corrupt"


def _make_tables(db: sqlite3.Connection) -> None:
    for number in range(1, SCHEMA_VERSION + 1):
        db.executescript(_migration(number))


@cache
def _structure() -> list[tuple[str, str, str, int]]:
    """What STRUCTURE finds in a file that was just made."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        _make_tables(db)
        return sorted(db.execute(STRUCTURE))


def code_of(error: sqlite3.Error) -> int:
    """SQLite's own word; Python's own errors have none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & CODE_MASK


def _migration(number: int) -> str:
    """One version's step, in one transaction."""
    file = importlib.resources.files("gateway.outbox.disk") / "schema" / f"{number:03}.sql"
    return f"BEGIN IMMEDIATE; {file.read_text(encoding='utf-8')}; PRAGMA user_version={number}; COMMIT"
