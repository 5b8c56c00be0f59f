"""One outbox file: SQLite through aiosqlite, each transaction one unit that a cancellation can't cut."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from aiosqlite import Connection

from gateway.outbox import ballast, space
from gateway.outbox.ages import Stamp
from gateway.outbox.entry import READING, Entry
from gateway.outbox.file import OutboxFile
from gateway.outbox.opening import Opened as Opened  # noqa: PLC0414 -- part of what a store says
from gateway.outbox.opening import UnreadableError, is_corrupt, is_for_want_of_room, settings
from gateway.outbox.turns import Hangs, Turns

ROW_OVERHEAD_BYTES = 64
"""What a row costs beside its payload: record header, key, crc, its share of the pages' slack (measured)."""

DEAD_ROWS = 1000
"""Envelopes kept that the far end refuses for good, the newest: enough to see what is wrong with them."""

COLUMNS = "id, session, seq, kind, device, time_ms, payload, crc, ahead_ms"

OLDEST = (
    "SELECT id, CAST(session AS INTEGER), CAST(time_ms AS INTEGER), ahead_ms IS NOT NULL"
    " FROM envelope ORDER BY id LIMIT 1"
)

INSERT = f"INSERT INTO envelope ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

COUNT = "UPDATE meta SET value = value + CASE key WHEN 'rows' THEN ? ELSE ? END WHERE key IN ('rows', 'bytes')"

DELETE = (
    "DELETE FROM envelope WHERE id IN (SELECT value FROM json_each(?))"
    f" RETURNING id, length(payload) + {ROW_OVERHEAD_BYTES}"
)

BURY = f"INSERT OR REPLACE INTO dead ({COLUMNS}, code, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

BURY_ONLY_SO_MANY = (
    "DELETE FROM dead WHERE id IN (SELECT id FROM ("
    "SELECT id, count(*) OVER newer AS rows, sum(length(payload)) OVER newer AS bytes FROM dead"
    " WINDOW newer AS (ORDER BY id DESC)) WHERE rows > ? OR bytes > ?)"
)

Statements = list[tuple[str, Iterable[Sequence[object]]]]
"""SQL, and the parameters of each time it is executed."""

T = TypeVar("T")


ENTRY_TYPES = (int, int, int, str, str, int, bytes, int, int | None)
"""What a row holds as long as it is as it was written."""


class StoreError(Exception):
    """The file can't be read or written now."""


class CorruptError(StoreError):
    """The file was damaged and has been set aside; there is a fresh one now, in which the same may be tried again."""


class Unsettled(StoreError):
    """The disk does not answer: what was asked for may be done when it does."""


class Depth(NamedTuple):
    """What waits on disk; `bytes` with what the rows cost beside their payloads."""

    rows: int
    bytes: int
    oldest: Stamp | None


class Store:
    """The tables of one outbox file. Every method raises StoreError when the disk won't.

    `turns` knows whether it hangs. What changes something raises Unsettled when it hangs in the middle of that, unless
    the caller is `patient` and waits for as long as it takes.
    """

    def __init__(self, path: Path, wall_s: Callable[[], float] = time.time) -> None:
        self.file = OutboxFile(path)
        self._path = path
        self._wall_s = wall_s
        self.turns = Turns()
        self._sealed_from = 0

    async def open(self, now_s: float) -> Opened:
        """Open or create the file and begin a session; `now_s` is the wall clock. On a full disk the ballast goes."""
        folder = self._path.parent
        try:
            opened = await self._begin(now_s)
        except StoreError as error:
            if not (is_for_want_of_room(error.__cause__) and await asyncio.to_thread(ballast.drop, folder)):
                raise
            opened = await self._begin(now_s)
        else:
            await asyncio.to_thread(ballast.keep, folder)
        return opened

    async def _begin(self, now_s: float) -> Opened:
        try:
            return await self._unit(lambda: self._open(now_s), patient=True)
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
        await self.file.finish()

    async def transaction(self, work: Callable[[Connection], Awaitable[T]], *, patient: bool = False) -> T:
        """What `work` does is on disk when this returns, wholly; when it raises, not at all."""

        async def unit() -> T:
            await self.file.stay(self._wall_s())
            db = self._connection
            await db.execute("BEGIN IMMEDIATE")
            try:
                result = await work(db)
                await db.commit()
            except BaseException:
                with suppress(sqlite3.Error):
                    await db.rollback()
                raise
            return result

        return await self._unit(unit, patient=patient)

    async def write(self, statements: Statements) -> None:
        """Several statements, each with its rows of parameters, in one durable transaction."""

        async def work(db: Connection) -> None:
            for sql, rows in statements:
                await db.executemany(sql, rows)

        await self.transaction(work)

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

        async def unit() -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

        return await self._unit(unit)

    async def entries(self, *, readings: bool, after: int, before: int, limit: int) -> tuple[list[Entry], list[Entry]]:
        """Waiting envelopes with `after < id < before`, oldest first, and those whose checksum is wrong."""
        rows = await self.rows(
            f"SELECT {COLUMNS} FROM envelope WHERE kind {'=' if readings else '<>'} '{READING}'"
            " AND id > ? AND id < ? ORDER BY id LIMIT ?",
            (after, before, limit),
        )
        good, torn = list[Entry](), list[Entry]()
        for row in rows:
            entry = _entry(row)
            is_intact = entry is not None and (
                entry.is_intact(row[7], self._sealed_from)
                or entry.is_intact(row[7], 0)  # rescued ones are old, but sealed anew
            )
            (good if is_intact else torn).append(entry or Entry(row[0], 0, 0, READING, "", 0, b"", on_disk=True))
        return good, torn

    async def bury(self, entry: Entry, code: int, reason: str, max_bytes: int) -> None:
        """Keep an envelope that the far end refuses for good, for a person to look at; the newest are kept."""
        row = (*_row(entry), code, reason)
        await self.write([(BURY, [row]), (BURY_ONLY_SO_MANY, [(DEAD_ROWS, max_bytes)])])

    async def hand_back(self, max_size: int, *, is_drained: bool) -> space.Room:
        """Give empty pages back to the disk, as far as that is cheap."""
        return await self._unit(
            lambda: space.hand_back(self._connection, max_size, is_drained=is_drained), patient=True
        )

    @property
    def _db(self) -> Connection | None:
        return self.file.db

    @property
    def _connection(self) -> Connection:
        if self._db is None:
            raise StoreError(f"{self._path} is not open")
        return self._db

    async def _unit(self, work: Callable[[], Awaitable[T]], *, patient: bool = False) -> T:
        """Run a transaction to its end even if the caller is cancelled; one at a time."""

        async def turn() -> T:
            try:
                await self.file.go_on(self._wall_s())
                return await work()
            except (sqlite3.Error, OSError, ValueError) as error:
                if is_corrupt(error):
                    await self._give_up(error)
                raise StoreError(f"{self._path}: {error}") from error

        try:
            return await self.turns.take(turn, patient=patient)
        except Hangs as error:
            kind = Unsettled if error.begun else StoreError
            raise kind(f"{self._path}: {error}") from error

    async def _open(self, now_s: float) -> Opened:
        opened = await self.file.open(now_s)
        self._sealed_from = opened.sealed_from
        return opened

    async def _give_up(self, error: Exception) -> None:
        """Go on in a fresh file; raises CorruptError once there is one."""
        with suppress(sqlite3.Error, OSError, ValueError):  # tried again with the next transaction
            await self.file.give_up(error, self._wall_s())
            self._sealed_from = 1
            raise CorruptError(f"{self._path}: {error}") from error


def insert_statements(entries: Sequence[Entry]) -> Statements:
    """Put these envelopes on disk and count them."""
    return [(INSERT, [_row(entry) for entry in entries]), (COUNT, [(len(entries), size_of(entries))])]


async def insert(db: Connection, entries: Iterable[Entry]) -> None:
    """Put these envelopes on disk, not counted yet."""
    await db.executemany(INSERT, [_row(entry) for entry in entries])


async def depth(db: Connection) -> Depth:
    """How much waits on disk, from counters and the index: never a scan. Raises UnreadableError."""
    said = await settings(db)
    if not {"rows", "bytes"} <= said.keys():
        raise UnreadableError("its counters can't be read")
    return Depth(said["rows"], said["bytes"], await oldest(db))


async def oldest(db: Connection) -> Stamp | None:
    """The stamp of the row that waits longest."""
    for row in await db.execute_fetchall(OLDEST):
        return Stamp(*row)
    return None


async def delete(db: Connection, ids: Collection[int]) -> dict[int, int]:
    """Remove these envelopes, not counted yet; returns what was really there: sizes by id."""
    if not ids:
        return {}
    found = await db.execute_fetchall(DELETE, (_json(ids),))
    return {int(row_id): int(size) for row_id, size in found}


async def present(db: Connection, ids: Collection[int]) -> set[int]:
    """Which of these envelopes are on disk."""
    if not ids:
        return set()
    found = await db.execute_fetchall(
        "SELECT id FROM envelope WHERE id IN (SELECT value FROM json_each(?))", (_json(ids),)
    )
    return {int(row_id) for (row_id,) in found}


async def count(db: Connection, rows: int, size: int) -> None:
    """Note how many more, or fewer, there are now."""
    await db.execute(COUNT, (rows, size))


def _json(ids: Collection[int]) -> str:
    return f"[{','.join(map(str, ids))}]"


def size_of(entries: Iterable[Entry]) -> int:
    """What these envelopes take on disk."""
    return sum(len(entry.payload) + ROW_OVERHEAD_BYTES for entry in entries)


def _entry(row: Sequence[Any]) -> Entry | None:
    """An envelope as it stands in the table; None if not even its types are right."""
    if not all(isinstance(value, type_) for value, type_ in zip(row, ENTRY_TYPES, strict=True)):
        return None
    row_id, session, seq, kind, device, time_ms, payload, _, ahead_ms = row
    return Entry(row_id, session, seq, kind, device, time_ms, payload, on_disk=True, ahead_ms=ahead_ms)


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.id,
        entry.session,
        entry.seq,
        entry.kind,
        entry.device,
        entry.time_ms,
        entry.payload,
        entry.seal(),
        entry.ahead_ms,
    )
