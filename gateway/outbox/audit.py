"""Whether a file hides rows: damage of which SQLite says nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection

from aiosqlite import Connection

from gateway.outbox.disk.opening import UnreadableError, settings
from gateway.outbox.disk.rows import IS_READING
from gateway.outbox.disk.store import Store, StoreError

ALL = f"SELECT id, {IS_READING} FROM envelope"


class Audit:
    """One connection's look at what is on disk, once all that waits was read.

    `known`: the ids that are sent, queued or acknowledged on it.
    """

    def __init__(self, store: Store, known: Callable[[], Collection[int]]) -> None:
        self._store = store
        self._known = known
        self._missed = frozenset[int]()
        """Rows that nobody had read when it was last looked, in this file."""
        self._file_number = store.file.number

    async def is_passed(self, first_before: int, readings_before: int) -> bool:
        """Whether all rows below these ids are known; what is missed may have come meanwhile, and is to be read again.

        A file that hides the same rows twice, or holds fewer than were counted, is set aside, to be rescued.
        """
        try:
            missed = await self._store.transaction(lambda db: self._look(db, first_before, readings_before))
            hidden = missed & self._missed if self._file_number == self._store.file.number else frozenset[int]()
            if hidden:  # decided here: whoever is gone by now, with what it knew, decides nothing
                await self._store.distrust(f"{len(hidden)} rows are hidden, the first is {min(hidden)}")
        except StoreError:  # the rescue of a file that gave place will be heard of; else the disk refuses
            missed = frozenset()
        self._missed, self._file_number = missed, self._store.file.number
        return not missed

    async def _look(self, db: Connection, first_before: int, readings_before: int) -> frozenset[int]:
        counted = (await settings(db)).get("rows")
        rows = list(await db.execute_fetchall(ALL))
        if counted != len(rows):
            raise UnreadableError(f"{counted} rows were counted, {len(rows)} are found")
        below = {row_id for row_id, is_reading in rows if row_id < (readings_before if is_reading else first_before)}
        return frozenset(below.difference(self._known()))
