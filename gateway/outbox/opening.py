"""How an outbox file is opened: its pragmas, its schema, and a new session in it."""

from __future__ import annotations

import importlib.resources
from typing import NamedTuple

from aiosqlite import Connection

SCHEMA_VERSION = 2

BUSY_TIMEOUT_MS = 2000
"""How long a second process (an export) may hold the file before a commit counts as failed."""

PRAGMAS = (
    "PRAGMA auto_vacuum=INCREMENTAL",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_size_limit=1048576",
)

IDS_PER_SESSION = 1_000_000
"""Ids of a session begin at this multiple of it, so that they order rows across sessions and files: a session begins
as many seconds later as its number is higher, and no outbox takes a million envelopes a second."""

LAST_ID = "SELECT max(coalesce((SELECT max(id) FROM envelope), 0), coalesce((SELECT max(id) FROM dead), 0))"


class NewerSchemaError(ValueError):
    """The file is of a version of fieldgate that did not exist yet."""


class Opened(NamedTuple):
    """What the file said when it was opened: this run's session, and how the last one ended.

    This session's ids follow `last_id`; rows from `sealed_from` on are sealed as a whole.
    """

    session: int
    previous_session: int
    clean: bool
    last_id: int
    sealed_from: int


async def prepare(db: Connection) -> None:
    """Set a fresh connection up, and bring the file to this version's schema."""
    for pragma in PRAGMAS:
        await db.execute(pragma)
    version = int(next(iter(await db.execute_fetchall("PRAGMA user_version")))[0])
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(f"from a newer fieldgate (schema {version}, this one knows {SCHEMA_VERSION})")
    folder = importlib.resources.files("gateway.outbox") / "schema"
    for number in range(version + 1, SCHEMA_VERSION + 1):
        sql = (folder / f"{number:03}.sql").read_text(encoding="utf-8")
        await db.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version={number}; COMMIT")


async def begin_session(db: Connection, now_s: float) -> Opened:
    """On disk before anything can be said in it; `now_s` is the wall clock."""
    meta = {str(key): int(value) for key, value in await db.execute_fetchall("SELECT key, value FROM meta")}
    session = max(meta["session"] + 1, int(now_s))
    await db.execute("BEGIN IMMEDIATE")
    await db.execute("UPDATE meta SET value = ? WHERE key = 'session'", (session,))
    await db.execute("UPDATE meta SET value = 0 WHERE key = 'clean'")
    await db.execute("UPDATE meta SET value = 0 WHERE key IN ('rows', 'bytes') AND NOT EXISTS (SELECT 1 FROM envelope)")
    await db.commit()
    last = await db.execute_fetchall(LAST_ID)
    last_id = max(int(next(iter(last))[0]), session * IDS_PER_SESSION)
    return Opened(session, meta["session"], bool(meta["clean"]), last_id, meta["sealed_from"])
