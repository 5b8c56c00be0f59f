"""What waits on disk and in memory, as one order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from aiosqlite import Connection

from gateway.outbox.commit import Committer
from gateway.outbox.disk.opening import UnreadableError, settings
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.entry import Entry, Torn
from gateway.outbox.schedule import RETRY_MIN_S
from gateway.outbox.staging import Staging


class Waiting:
    """Reads what nobody has acknowledged. `on_torn` takes rows whose checksum is wrong, `on_fault` a disk's refusal."""

    def __init__(
        self,
        store: Store,
        disk: Committer,
        staged: Staging | None,
        on_torn: Callable[[list[Torn]], None],
        on_fault: Callable[[StoreError], None],
    ) -> None:
        self._store = store
        self._staged = staged
        self._disk = disk
        self._on_torn = on_torn
        self._on_fault = on_fault
        self._missed = frozenset[int]()
        """Rows that nobody had read when it was last looked."""

    async def read(self, *, readings: bool, after: int, before: int, limit: int) -> list[Entry]:
        """Up to `limit` with `after < id < before`, oldest first: from disk, then from memory, if that counts."""
        staged = self._staged
        in_memory = [*staged.committing.values(), *staged] if staged is not None else []
        while True:
            try:
                entries, end = await self._on_disk(readings, after, before, limit)
                break
            except StoreError as error:
                self._on_fault(error)
                await asyncio.sleep(RETRY_MIN_S)
        known = {entry.id for entry in entries}
        entries += [e for e in in_memory if e.is_reading == readings and after < e.id < end and e.id not in known]
        return sorted((entry for entry in entries if not entry.done), key=_by_id)[:limit]

    async def audit(self, before: int, known: Callable[[], Collection[int]]) -> bool:
        """Whether all rows with a lower id are `known` or acknowledged, once all were read.

        What is missed may have come meanwhile, so it is to be read again. A file that hides the same rows twice, or
        holds fewer than were counted, is damaged where SQLite does not notice: it is set aside, to be rescued.
        """

        async def look(db: Connection) -> frozenset[int]:
            counted = (await settings(db)).get("rows")
            ids = {row_id for (row_id,) in await db.execute_fetchall("SELECT id FROM envelope")}
            if counted != len(ids):
                raise UnreadableError(f"{counted} rows were counted, {len(ids)} are found")
            missed = frozenset(row_id for row_id in ids if row_id < before) - self._disk.doomed - set(known())
            if hidden := missed & self._missed:
                raise UnreadableError(f"rows are hidden, the first is {min(hidden)}")
            return missed

        try:
            self._missed = await self._store.transaction(look)
        except StoreError:  # it is set aside now, and what its rescue finds is heard of; or the disk refuses
            self._missed = frozenset()
        return not self._missed

    async def _on_disk(self, readings: bool, after: int, before: int, limit: int) -> tuple[list[Entry], int]:
        """Up to `limit` rows that nobody has acknowledged, empty only if there is none, and where the search ended."""
        while True:
            found, torn = await self._store.entries(readings=readings, after=after, before=before, limit=limit)
            self._on_torn(torn)
            entries = [entry for entry in found if entry.id not in self._disk.doomed]
            if len(found) + len(torn) < limit:
                return entries, before
            after = max([entry.id for entry in found] + [row.id for row in torn])
            if entries:
                return entries, after + 1


def _by_id(entry: Entry) -> int:
    return entry.id
