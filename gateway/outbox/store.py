"""One outbox file: SQLite through aiosqlite, each transaction one unit that a cancellation can't cut."""

from __future__ import annotations

import asyncio
import importlib.resources
import sqlite3
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import aiosqlite

from gateway.outbox.entry import READING, Entry

SCHEMA_VERSION = 1
ROW_OVERHEAD_BYTES = 64
"""What a row costs beside its payload: record header, key, crc, its share of the pages' slack (measured)."""

BUSY_TIMEOUT_MS = 2000
"""How long a second process (an export) may hold the file before a commit counts as failed."""

EVICTION_BATCH = 5000
"""Rows looked at per eviction: bounds the time a commit can take; a larger excess goes in the next ones."""

PRAGMAS = (
    "PRAGMA auto_vacuum=INCREMENTAL",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_size_limit=1048576",
)

Statements = list[tuple[str, Iterable[Sequence[object]]]]
"""SQL, and the parameters of each time it is executed."""

T = TypeVar("T")


class StoreError(Exception):
    """The file can't be read or written now."""


class Opened(NamedTuple):
    """What the file said when it was opened: this run's session, and how the last one ended."""

    session: int
    previous_session: int
    clean: bool
    last_id: int


class Depth(NamedTuple):
    """What waits on disk."""

    rows: int
    bytes: int
    oldest_ms: int | None


class Lost(NamedTuple):
    """Readings that were evicted: their number, range of `seq` (of one session) and of time."""

    session: int
    readings: int
    first_seq: int
    last_seq: int
    first_ms: int
    last_ms: int


class Store:
    """The tables of one outbox file. Every method raises StoreError when the disk won't."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: aiosqlite.Connection | None = None
        self._turn = asyncio.Lock()

    async def open(self, now_s: float) -> Opened:
        """Open or create the file and begin a session; `now_s` is the wall clock."""
        try:
            return await self._unit(lambda: self._open(now_s))
        except StoreError:
            await self.close(clean=False)
            raise

    async def close(self, clean: bool) -> None:
        """Note how the session ended, hand the log back, and close."""
        if self._db is None:
            return
        with suppress(StoreError):
            if clean:
                await self.write([("UPDATE meta SET value = 1 WHERE key = 'clean'", [()])])
        db, self._db = self._db, None
        with suppress(sqlite3.Error):
            await db.close()

    async def write(self, statements: Statements) -> None:
        """Several statements, each with its rows of parameters, in one durable transaction."""

        async def unit() -> None:
            db = self._connection
            await db.execute("BEGIN IMMEDIATE")
            try:
                for sql, rows in statements:
                    await db.executemany(sql, rows)
                await db.commit()
            except BaseException:
                with suppress(sqlite3.Error):
                    await db.rollback()
                raise

        await self._unit(unit)

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

        async def unit() -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

        return await self._unit(unit)

    async def entries(self, *, readings: bool, after: int, before: int, limit: int) -> tuple[list[Entry], list[Entry]]:
        """Waiting envelopes with `after < id < before`, oldest first, and those whose checksum is wrong."""
        rows = await self.rows(
            "SELECT id, session, seq, kind, device, time_ms, payload, crc FROM envelope"
            f" WHERE kind {'=' if readings else '<>'} '{READING}' AND id > ? AND id < ? ORDER BY id LIMIT ?",
            (after, before, limit),
        )
        good, torn = list[Entry](), list[Entry]()
        for row_id, session, seq, kind, device, time_ms, payload, crc in rows:
            entry = Entry(row_id, session, seq, kind, device, time_ms, payload, on_disk=True)
            (good if crc32(payload) == crc else torn).append(entry)
        return good, torn

    async def bury(self, entry: Entry, code: int, reason: str) -> None:
        """Keep an envelope that the far end refuses for good, for a person to look at."""
        row = (*_row(entry), code, reason)
        await self.write([("INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [row])])

    async def depth(self) -> Depth:
        """How much waits on disk, from counters and the index: never a scan."""
        (rows,), (size,) = await self.rows("SELECT value FROM meta WHERE key IN ('rows', 'bytes') ORDER BY key DESC")
        return Depth(rows, size, await self.oldest_ms())

    async def oldest_ms(self) -> int | None:
        """When what has waited longest entered."""
        oldest = await self.rows("SELECT time_ms FROM envelope ORDER BY id LIMIT 1")
        return oldest[0][0] if oldest else None

    async def oldest_readings(
        self, excess_bytes: int, older_than_ms: int, besides: Container[int]
    ) -> tuple[dict[int, int], list[Lost]]:
        """The readings that must go to free this much and to hold the age limit: sizes by id, the loss by session.

        `besides`: rows that go anyway.
        """
        sizes: dict[int, int] = {}
        lost: dict[int, Lost] = {}
        found = await self.rows(
            "SELECT id, session, seq, time_ms, length(payload) FROM envelope WHERE kind = ? ORDER BY id LIMIT ?",
            (READING, EVICTION_BATCH),
        )
        for row in found:
            row_id, session, seq, time_ms, size = row
            if row_id in besides:
                continue
            if excess_bytes <= 0 and time_ms >= older_than_ms:
                break
            sizes[row_id] = size
            excess_bytes -= size + ROW_OVERHEAD_BYTES
            before = lost.get(session, Lost(session, 0, seq, seq, time_ms, time_ms))
            lost[session] = before._replace(readings=before.readings + 1, last_seq=seq, last_ms=time_ms)
        return sizes, list(lost.values())

    @property
    def _connection(self) -> aiosqlite.Connection:
        if self._db is None:
            raise StoreError(f"{self._path} is not open")
        return self._db

    async def _unit(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run a transaction to its end even if the caller is cancelled; one at a time."""

        async def turn() -> T:
            async with self._turn:
                try:
                    return await work()
                except (sqlite3.Error, OSError, ValueError) as error:
                    raise StoreError(f"{self._path}: {error}") from error

        return await asyncio.shield(asyncio.ensure_future(turn()))

    async def _open(self, now_s: float) -> Opened:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = self._db = await aiosqlite.connect(self._path, isolation_level=None)
        for pragma in PRAGMAS:
            await db.execute(pragma)
        await self._migrate(db)
        rows = await db.execute_fetchall("SELECT key, value FROM meta")
        meta = {str(key): int(value) for key, value in rows}
        session = max(meta["session"] + 1, int(now_s))
        await db.execute("BEGIN IMMEDIATE")
        await db.execute("UPDATE meta SET value = ? WHERE key = 'session'", (session,))
        await db.execute("UPDATE meta SET value = 0 WHERE key = 'clean'")
        await db.commit()
        last = await db.execute_fetchall(
            "SELECT max(coalesce((SELECT max(id) FROM envelope), 0), coalesce((SELECT max(id) FROM dead), 0))"
        )
        return Opened(session, meta["session"], bool(meta["clean"]), int(next(iter(last))[0]))

    async def _migrate(self, db: aiosqlite.Connection) -> None:
        version = int(next(iter(await db.execute_fetchall("PRAGMA user_version")))[0])
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} is from a newer fieldgate (schema {version}, this one knows {SCHEMA_VERSION})"
            )
        folder = importlib.resources.files("gateway.outbox") / "schema"
        for number in range(version + 1, SCHEMA_VERSION + 1):
            sql = (folder / f"{number:03}.sql").read_text(encoding="utf-8")
            await db.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version={number}; COMMIT")


def insert_statements(entries: Sequence[Entry]) -> Statements:
    """Put these envelopes on disk and count them."""
    return [
        (
            "INSERT INTO envelope VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(entry) for entry in entries],
        ),
        _count(len(entries), sum(len(e.payload) + ROW_OVERHEAD_BYTES for e in entries)),
    ]


def delete_statements(sizes: Mapping[int, int]) -> Statements:
    """Remove these envelopes (id: size of the payload), which are on disk, and count them out."""
    return [
        ("DELETE FROM envelope WHERE id = ?", [(row_id,) for row_id in sizes]),
        _count(-len(sizes), -sum(size + ROW_OVERHEAD_BYTES for size in sizes.values())),
    ]


def _count(rows: int, size: int) -> tuple[str, Iterable[Sequence[object]]]:
    sql = "UPDATE meta SET value = value + CASE key WHEN 'rows' THEN ? ELSE ? END WHERE key IN ('rows', 'bytes')"
    return sql, [(rows, size)]


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.id,
        entry.session,
        entry.seq,
        entry.kind,
        entry.device,
        entry.time_ms,
        entry.payload,
        crc32(entry.payload),
    )
