"""What one commit does: staged envelopes in, acknowledged ones out, limits held; all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from aiosqlite import Connection

from gateway.config.models import OutboxSection
from gateway.model import Gap
from gateway.outbox.ages import Ages
from gateway.outbox.entry import Entry
from gateway.outbox.limits import Cut, Evicted, Limits
from gateway.outbox.opening import Opened
from gateway.outbox.space import FREE_BYTES
from gateway.outbox.store import Store, StoreError, count, delete, insert, size_of

OLDEST = "SELECT time_ms FROM envelope ORDER BY id LIMIT 1"

PROBE: tuple[str, list[tuple[object, ...]]] = ("UPDATE meta SET value = 0 WHERE key = 'clean'", [()])
"""Changes nothing, and shows that the disk writes again."""


class Change(NamedTuple):
    """What a transaction has really changed."""

    removed: dict[int, int]
    """Sizes by id."""
    cut: Cut | None
    oldest_ms: int | None


class Committer:
    """The disk's side of an outbox: counts what is there, without ever counting rows."""

    def __init__(self, store: Store, settings: OutboxSection, now_s: Callable[[], float]) -> None:
        self.rows = 0
        self.bytes = 0
        self.oldest_ms: int | None = None
        self.doomed: set[int] = set()
        """Acknowledged envelopes whose rows are still on disk."""
        self.is_untidy = False
        """The file has more empty pages than it should keep."""
        self._store = store
        self._settings = settings
        self._now_s = now_s
        self._freed = FREE_BYTES

    async def open(self, opened: Opened, wall_s: float) -> None:
        """Learn what is on disk; raises StoreError."""
        self._session = opened.session
        self._last_id = opened.last_id
        self._limits = Limits(self._settings, Ages(opened.session, wall_s, self._now_s()))
        self.rows, self.bytes, self.oldest_ms = await self._store.depth()

    @property
    def waiting(self) -> int:
        """Envelopes on disk that nobody has acknowledged."""
        return max(0, self.rows - len(self.doomed))

    async def commit(self, batch: Mapping[int, Entry], *, probe: bool) -> list[Gap]:
        """One durable transaction; returns what the limits cost. Raises StoreError.

        `probe`: write something even if there is nothing to write.
        """
        now_s = self._now_s()
        self._limits.note(batch.values())
        if not (batch or self.doomed or probe or self._limits.are_due(self.bytes, now_s)):
            return []
        gone = set(self.doomed)
        change = await self._store.transaction(lambda db: self._change(db, batch, gone, now_s))
        if probe and not (batch or change.removed):
            await self._store.write([PROBE])
        self.doomed -= gone
        self._last_id = max([self._last_id, *batch])
        self._settle(batch, change)
        return self._gaps(batch, change.cut.evicted) if change.cut is not None else []

    def count(self, entries: Mapping[int, Entry]) -> None:
        """Note envelopes that a transaction has put on disk."""
        self.rows += len(entries)
        self.bytes += size_of(entries.values())
        for entry in entries.values():
            entry.on_disk = True
            if self.oldest_ms is None:
                self.oldest_ms = entry.time_ms

    async def tidy(self) -> None:
        """Hand back a little of the room that deletions have left, once they were many."""
        if self._freed < FREE_BYTES and not self.is_untidy:
            return
        self._freed = 0
        self.is_untidy = False
        with suppress(StoreError):
            self.is_untidy = await self._store.hand_back()

    async def _change(self, db: Connection, batch: Mapping[int, Entry], gone: set[int], now_s: float) -> Change:
        if batch:
            await insert(db, batch.values())
        removed = await delete(db, gone)
        size = self.bytes + size_of(batch.values()) - sum(removed.values())
        cut: Cut | None = None
        if self._limits.are_due(size, now_s):
            last_id = max([self._last_id, *batch])
            cut = await self._limits.hold(db, size, len(batch), last_id, now_s=now_s)
            removed |= {row.id: row.size for row in cut.evicted}
        if batch or removed:
            size = size_of(batch.values()) - sum(removed.values())
            await count(db, len(batch) - len(removed), size)
        oldest = await db.execute_fetchall(OLDEST) if removed else []
        return Change(removed, cut, next(iter(oldest), (None,))[0])

    def _settle(self, batch: Mapping[int, Entry], change: Change) -> None:
        self.count(batch)
        self.rows -= len(change.removed)
        freed = sum(change.removed.values())
        self.bytes -= freed
        self._freed += freed
        if change.removed:
            self.oldest_ms = change.oldest_ms
        if change.cut is not None:
            self._limits.settle(change.cut)

    def _gaps(self, batch: Mapping[int, Entry], evicted: list[Evicted]) -> list[Gap]:
        for row in evicted:
            if row.id in batch:
                batch[row.id].done = True
        return [row.gap(self._session) for row in evicted]
