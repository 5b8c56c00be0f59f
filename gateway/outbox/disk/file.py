"""The file under a store through all that can happen to it: damaged, torn, deleted, replaced, of another version."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiosqlite
import structlog
from aiosqlite import Connection

from gateway.outbox.disk.afresh import Ready, Torn, ensure, keep_back, keep_torn, note_absence, put_aside, put_back
from gateway.outbox.disk.aside import Place, delete, draft_of, log_of, place_of
from gateway.outbox.disk.opening import (
    Opened,
    UnreadableError,
    begin_session,
    drop_draft,
    is_corrupt,
    prepare,
    unusable_as,
)
from gateway.outbox.disk.wreck import committed
from gateway.outbox.format.wal import transactions

FETCH_ROWS = 500
"""Rows that come from the database's thread at once."""

LOOK_EACH_S = 1.0
"""How often it is looked whether the file is in its place."""

CUT_SHORT = 1
"""Transactions that a power cut can tear out of a log: the one whose commit had not returned. More are damage."""

CONTENT_ERRORS = (sqlite3.Error, ValueError, TypeError, OverflowError)
"""What a damaged file may bring about."""

log = structlog.get_logger("fieldgate.outbox")


class OutboxFile:
    """One connection at a time. Errors of SQLite and of the system come through as they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db: Connection | None = None
        self.journal_lost_s: float | None = None
        """Since when, on the loop's clock, it is not known which commands were executed before; None: it is."""
        self.journal_went = asyncio.Event()
        """That is so."""
        self.number = 0
        """How many files have taken the place of others since it was opened."""
        self.has_asides = asyncio.Event()
        """There may be something to rescue."""
        self._session: int | None = None
        self._gave_place = False
        """It is known why there is no file."""
        self._places: dict[Path, Place | None] = {}
        self._copies: list[Place | None] = []
        """Of what is in it, on the way to its place."""
        self._looked_s = 0.0

    async def open(self, now_s: float) -> Opened:
        """Open the file and begin a session, in a fresh one if this one can't go on; `now_s` is the wall clock."""
        await asyncio.to_thread(self.path.parent.mkdir, parents=True, exist_ok=True)
        ready = await asyncio.to_thread(ensure, self.path, now_s)
        try:
            opened = await self._begin(now_s, ready)
        except CONTENT_ERRORS as error:
            await self._refuse(error, now_s)
            ready = await asyncio.to_thread(ensure, self.path, now_s)
            opened = await self._begin(now_s, ready)
        self._session = opened.session
        self.has_asides.set()
        return opened

    async def close(self) -> None:
        """Close the connection."""
        db, self.db = self.db, None
        if db is not None:
            with suppress(sqlite3.Error):
                await db.close()

    async def finish(self) -> None:
        """Close for good."""
        self._session = None
        await self.close()

    async def go_on(self, now_s: float) -> None:
        """Begin a fresh file in this session if the last one had to be given up."""
        if self.db is not None or self._session is None:
            return
        if not self._gave_place:
            await asyncio.to_thread(note_absence, self.path, now_s)
        self._gave_place = True
        await asyncio.to_thread(ensure, self.path, now_s, self._session)
        self._gave_place = False
        await self._connect()
        try:
            await self._prepare()
            await self.look_for_journal()
        except CONTENT_ERRORS as error:
            await self._refuse(error, now_s)
            raise
        self.number += 1
        self.has_asides.set()

    async def give_up(self, error: Exception, now_s: float) -> None:
        """Set a file aside that turns out to be damaged, and begin a fresh one."""
        await asyncio.to_thread(put_aside, self.path, "corrupt", now_s, str(error))
        self._gave_place = True
        await self.close()
        self.forget_journal()
        await self.go_on(now_s)

    def forget_journal(self) -> None:
        """No command is refused any more for what is not known; or it begins anew."""
        self.journal_lost_s = None
        self.journal_went.clear()

    async def look_for_journal(self) -> None:
        """Learn from the file whether its journal is all there."""
        if await self._number("SELECT value FROM meta WHERE key = 'journal_lost'") and self.journal_lost_s is None:
            self.journal_lost_s = asyncio.get_running_loop().time()
            self.journal_went.set()

    async def _refuse(self, error: Exception, now_s: float) -> None:
        """Close; set the file aside if this error is about what it holds, else raise it."""
        kind = unusable_as(error)
        if kind is None:
            await self.close()
            raise error
        await asyncio.to_thread(put_aside, self.path, kind, now_s, str(error))
        self._gave_place = True
        await self.close()

    async def stay(self, now_s: float) -> None:
        """See, now and then, that the file is in its place; if it is not, what was in it is put there again."""
        loop_s = asyncio.get_running_loop().time()
        if self.db is None or loop_s - self._looked_s < LOOK_EACH_S:
            return
        if not (await self._number("SELECT in_place()")):
            await self._put_back(self.db, now_s)
        self._looked_s = loop_s

    async def _begin(self, now_s: float, ready: Ready) -> Opened:
        frames = await asyncio.to_thread(committed, self.path)
        db = await self._connect()
        busy, accepted, _ = next(iter(await db.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")))
        dropped = 0 if busy else transactions(frames, accepted)
        torn = await asyncio.to_thread(keep_torn, self.path, now_s, dropped) if dropped else None
        try:
            await self._prepare()
            at_least_s = max(now_s, ready.above, torn.session + 1 if torn else 0)
            opened = await begin_session(db, at_least_s, {**ready.said, **await self._found(torn)})
        except CONTENT_ERRORS:
            if torn is not None:
                await asyncio.to_thread(delete, torn.aside)
            raise
        await self.look_for_journal()
        return opened

    async def _found(self, torn: Torn | None) -> Mapping[str, int]:
        """What the file has to know of a log that was damaged."""
        if torn is None:
            return {}
        said = {torn.aside.next_key: 0}
        if torn.rows is not None:
            rows = await self._number("SELECT value FROM meta WHERE key = 'rows'")
            said[torn.aside.missing_key] = max(0, torn.rows - rows)
        if torn.transactions > CUT_SHORT:
            said["journal_lost"] = 1
        return said

    async def _connect(self) -> Connection:
        db = self.db = await aiosqlite.connect(self.path, iter_chunk_size=FETCH_ROWS, isolation_level=None)
        db.text_factory = _text
        return db

    async def _prepare(self) -> None:
        assert self.db is not None
        await prepare(self.db)
        await self.db.create_function("in_place", 0, self._is_in_place)
        self._places, self._copies = {self.path: await asyncio.to_thread(place_of, self.path)}, []

    async def _number(self, sql: str) -> int:
        assert self.db is not None
        for (value,) in await self.db.execute_fetchall(sql):
            return int(value)
        raise UnreadableError("a setting is missing")

    def _is_in_place(self) -> bool:
        """Whether file and log are still those that were opened; a log is there from the first transaction on."""
        for path in (self.path, log_of(self.path)):
            place = place_of(path)
            if path != self.path and self._places.get(path) is None:
                self._places[path] = place
            elif place != self._places[path]:
                return False
        return True

    async def _put_back(self, db: Connection, now_s: float) -> None:
        """Write what the open connection still sees to where the file was."""
        log.error("outbox file is not in its place any more; it is put back", file=str(self.path))
        await asyncio.to_thread(drop_draft, self.path)
        try:
            await db.execute("VACUUM INTO ?", (str(draft_of(self.path)),))
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise
            log.error("what was in it can't be read", file=str(self.path), error=str(error))
            await self.give_up(error, now_s)
            return
        self._copies.append(await asyncio.to_thread(keep_back, self.path))
        await asyncio.to_thread(put_back, self.path, now_s, (*self._places.values(), *self._copies))
        await self.close()
        await self.go_on(now_s)


def _text(data: bytes) -> str:
    """What a damaged row holds may be no text: its seal tells."""
    return data.decode(errors="replace")
