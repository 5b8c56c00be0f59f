"""One outbox file: SQLite through aiosqlite, each transaction one unit that a cancellation can't cut."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from aiosqlite import Connection

from gateway.outbox.disk import ballast, space
from gateway.outbox.disk.file import OutboxFile
from gateway.outbox.disk.opening import Opened as Opened  # noqa: PLC0414 -- part of what a store says
from gateway.outbox.disk.opening import UnreadableError, is_corrupt, is_for_want_of_room
from gateway.outbox.disk.rows import COLUMNS, IS_FIRST, IS_READING, Statements, entry_of, row_of
from gateway.outbox.disk.turns import Hangs, Turns
from gateway.outbox.entry import Entry, Torn, torn_of

DEAD_ROWS = 1000
"""Envelopes kept that the far end refuses for good, the newest: enough to see what is wrong with them."""

BURY = f"INSERT OR REPLACE INTO dead ({COLUMNS}, code, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

BURY_ONLY_SO_MANY = (
    "DELETE FROM dead WHERE id IN (SELECT id FROM ("
    "SELECT id, count(*) OVER newer AS rows, sum(length(payload)) OVER newer AS bytes FROM dead"
    " WINDOW newer AS (ORDER BY id DESC)) WHERE rows > ? OR bytes > ?)"
)

T = TypeVar("T")


class StoreError(Exception):
    """The file can't be read or written now."""


class CorruptError(StoreError):
    """The file was damaged and has been set aside; there is a fresh one now, in which the same may be tried again."""


class Unsettled(StoreError):
    """The disk does not answer: what was asked for may be done when it does."""


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
        whole = [(sql, list(rows)) for sql, rows in statements]
        if [len(rows) for _, rows in whole] == [1]:
            await self._write_one(*whole[0])
            return

        async def work(db: Connection) -> None:
            for sql, rows in whole:
                await db.executemany(sql, rows)

        await self.transaction(work)

    async def _write_one(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """A statement alone is a transaction by itself: one way to the disk's thread and back, where it takes three.

        A busy loop is late for each, and a command waits for its claim.
        """

        async def unit() -> None:
            await self.file.stay(self._wall_s())
            await self._connection.executemany(sql, rows)

        await self._unit(unit)

    async def distrust(self, reason: str) -> None:
        """The file is damaged though SQLite does not say so; raises CorruptError once there is a fresh one."""

        async def work(_: Connection) -> None:
            raise UnreadableError(reason)

        await self.transaction(work)

    async def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

        async def unit() -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

        return await self._unit(unit)

    async def entries(self, *, readings: bool, after: int, before: int, limit: int) -> tuple[list[Entry], list[Torn]]:
        """Waiting envelopes with `after < id < before`, oldest first, and those whose checksum is wrong."""
        rows = await self.rows(
            f"SELECT {COLUMNS} FROM envelope WHERE {IS_READING if readings else IS_FIRST}"
            " AND id > ? AND id < ? ORDER BY id LIMIT ?",
            (after, before, limit),
        )
        entries = [entry_of(row, self._sealed_from) for row in rows]
        good = [entry for entry in entries if entry is not None]
        if len(good) == len(rows):
            return good, []
        whole = {entry.id for entry in good}  # a damaged key may be another row's
        return good, [
            torn_of(row) for row, entry in zip(rows, entries, strict=True) if not entry and row[0] not in whole
        ]

    async def bury(self, entry: Entry, code: int, reason: str, max_bytes: int) -> None:
        """Keep an envelope that the far end refuses for good, for a person to look at; the newest are kept."""
        row = (*row_of(entry), code, reason)
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
