"""What waits on disk and in memory, as one order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.outbox.commit import Committer
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
