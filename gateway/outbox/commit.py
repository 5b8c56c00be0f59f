"""What one commit does: staged envelopes in, acknowledged ones out, limits held; all in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from aiosqlite import Connection

from gateway.config.models import OutboxSection
from gateway.model import Gap, GapReason
from gateway.outbox import boots, untold
from gateway.outbox.ages import Ages, Jump
from gateway.outbox.disk.opening import Opened
from gateway.outbox.disk.rows import Depth, count, delete, depth, insert, oldest, present, size_of
from gateway.outbox.disk.space import Room, bound_log, free_bytes, used_bytes
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.entry import Entry, Stamp
from gateway.outbox.evicted import told_again
from gateway.outbox.limits import Cut, Limits, Load
from gateway.outbox.losses import Losses

PROBE: tuple[str, list[tuple[object, ...]]] = ("UPDATE meta SET value = 0 WHERE key = 'clean'", [()])
"""Changes nothing, and shows that the disk writes again."""

REOPENS_AT = 0.01
"""Of the size must be free before a full outbox that drops the newest takes readings again: else some slip in."""

TWICE = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID, sqlite3.SQLITE_CONSTRAINT_UNIQUE)
"""What SQLite says of an id that is there already."""

ABSENT_ROWS = 30_000
"""Acknowledged rows remembered that were not there to be deleted: more are never read and unacknowledged at once."""

Kept = tuple[list[Gap], dict[GapReason, int]]
"""What is untold and what was lost, as it stands on disk."""


class Change(NamedTuple):
    """What a transaction has really changed; `came` are the envelopes that were not on disk yet."""

    came: dict[int, Entry]
    jumps: list[Jump]
    removed: dict[int, int]
    """Sizes by id."""
    used_bytes: int
    cut: Cut | None
    oldest: Stamp | None
    losses: Kept


class Cost(NamedTuple):
    """What the limits have cost: rows, and gaps that nobody has heard, to be told again."""

    gaps: list[Gap]
    again: list[Gap]


NOTHING = Cost([], [])


class Committer:
    """The disk's side of an outbox: counts what is there, without ever counting rows."""

    def __init__(self, store: Store, settings: OutboxSection, now_s: Callable[[], float]) -> None:
        self.rows = 0
        self.bytes = 0
        """Payloads and what their rows cost beside them."""
        self.used_bytes = 0
        """Pages in use: what the limit is for."""
        self.oldest: Stamp | None = None
        self.doomed: set[int] = set()
        """Acknowledged envelopes whose rows are still on disk, and torn rows."""
        self.torn: set[int] = set()
        """Of those the ones that nobody has: an older version that is whole may come back."""
        self.is_over = False
        """The file holds more than it may: the next commit goes on making room."""
        self.has_room_to_give = False
        """There are empty pages that go back to the disk step by step."""
        self.is_unsure = False
        """A transaction whose end is not known may have changed more than is counted here."""
        self._absent: dict[int, None] = {}
        """Acknowledged, the oldest first, though the file that had their rows gave place to this one."""
        self._store = store
        self._settings = settings
        self._now_s = now_s
        self._free_bytes = self._freed = free_bytes(settings.max_size)
        self._is_full = False
        self._kept: Kept = ([], {})
        self._jumps: list[Jump] = []
        """As they stand on disk."""

    async def open(self, opened: Opened, ages: Ages) -> Kept:
        """Learn what is on disk, and what was lost; raises StoreError."""
        self._session = opened.session
        self._file_number = self._store.file.number
        self._last_id = opened.last_id
        self._limits = Limits(self._settings, ages)
        self._ages, self._jumps = ages, []
        await self._look()
        self._kept = await untold.load(self._store)
        return self._kept

    @property
    def waiting(self) -> int:
        """Envelopes on disk that nobody has acknowledged."""
        return max(0, self.rows - len(self.doomed))

    def is_full_with(self, row_bytes: int) -> bool:
        """Whether there would be no room beside rows of so many bytes more; once full, until some has been made."""
        slack = max(1.0, self.used_bytes / self.bytes) if self.bytes else 1.0
        limit = self._limits.max_bytes * (1 - REOPENS_AT if self._is_full else 1)
        self._is_full = self.used_bytes + row_bytes * slack >= limit
        return self._is_full

    async def commit(self, batch: Mapping[int, Entry], losses: Losses, *, probe: bool) -> Cost:
        """One durable transaction; returns what the limits cost. Raises StoreError.

        `losses` as they are now: the word on what is told from now on is not in this batch. `probe`: write something
        even if there is nothing to write.
        """
        losses = losses.copy()
        if self._store.file.number != self._file_number:
            await self._start_afresh()
        now_s = self._now_s()
        self._limits.note(batch.values())
        is_due = self._limits.are_due(self.used_bytes, now_s) or losses.kept() != self._kept
        if not (batch or self.doomed or probe or is_due):
            return NOTHING
        gone = set(self.doomed)
        change = await self._transaction(lambda db: self._change(db, batch, gone, losses, now_s))
        if probe and not (batch or change.removed):
            await self._store.write([PROBE])
        self._note_absent(gone - change.removed.keys() - self.torn)
        self.doomed -= gone
        self.torn -= gone
        self._last_id = max([self._last_id, *batch])
        self._settle(change)
        if self.is_unsure:
            with suppress(StoreError):  # what was to be done is done; it is looked again with the next commit
                await self._look()
                self.is_unsure = False
        return self._cost(batch, change.cut, losses) if change.cut is not None else NOTHING

    async def _transaction(self, work: Callable[[Connection], Awaitable[Change]]) -> Change:
        """An id that is there already, though nobody here has put it there, would keep every commit from being made."""
        try:
            return await self._store.transaction(work, patient=True)
        except StoreError as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) in TWICE:
                await self._store.distrust(str(error.__cause__))
            raise

    def count(self, entries: Mapping[int, Entry]) -> None:
        """Note envelopes that a transaction has put on disk."""
        self.rows += len(entries)
        self.bytes += size_of(entries.values())
        for entry in entries.values():
            entry.on_disk = True
            if self.oldest is None:
                self.oldest = entry.stamp

    @property
    def room_bytes(self) -> int:
        """How much more fits on disk."""
        return self._limits.max_bytes - self.used_bytes

    def found(self, entries: Mapping[int, Entry], used: int) -> None:
        """Note older envelopes that a transaction has put on disk, which uses so much now."""
        self.count(entries)
        self.used_bytes = used
        stamps = [entry.stamp for entry in entries.values()]
        self.oldest = min(stamps if self.oldest is None else [*stamps, self.oldest], default=None)
        self._limits.forget()

    def is_acknowledged(self, row_id: int) -> bool:
        """Whether a row is known to be, so that it must not come back."""
        return row_id in self._absent or (row_id in self.doomed and row_id not in self.torn)

    def _note_absent(self, ids: Collection[int]) -> None:
        self._absent |= dict.fromkeys(ids)
        for row_id in list(islice(self._absent, max(0, len(self._absent) - ABSENT_ROWS))):
            del self._absent[row_id]

    async def _start_afresh(self) -> None:
        """The store has another file now; raises StoreError."""
        self._limits.forget()
        self._kept = ([], {})
        await self._look()
        self._file_number = self._store.file.number

    async def tidy(self) -> None:
        """Hand back the room that deletions have left, once they were many and it is cheap."""
        if self._freed < self._free_bytes and not self.has_room_to_give:
            return
        room = Room.NONE
        with suppress(StoreError):
            room = await self._store.hand_back(self._settings.max_size, is_drained=not self.rows)
        self.has_room_to_give = room is Room.MORE
        if room is not Room.LATER:
            self._freed = 0

    async def _look(self) -> None:
        """At one moment: rows may come from elsewhere between two."""
        (self.rows, self.bytes, self.oldest), self.used_bytes = await self._store.transaction(self._measure)

    async def _measure(self, db: Connection) -> tuple[Depth, int]:
        await bound_log(db, self._settings.max_size)
        return await depth(db), await used_bytes(db)

    async def _change(
        self, db: Connection, batch: Mapping[int, Entry], gone: set[int], losses: Losses, now_s: float
    ) -> Change:
        here = await present(db, [row_id for row_id, entry in batch.items() if entry.unsettled or entry.on_disk])
        came = {row_id: entry for row_id, entry in batch.items() if row_id not in here}
        if came:
            await insert(db, came.values())
        jumps = await self._note_jumps(db) if came else self._jumps
        removed = await delete(db, gone)
        used, cut = await used_bytes(db), None
        if self._limits.are_due(used, now_s):
            rows = self.bytes + size_of(came.values()) - sum(removed.values())
            last_id = max([self._last_id, *batch])
            cut = await self._limits.hold(db, Load(used, rows), len(batch), last_id, now_s=now_s)
            removed |= {row.id: row.size for row in cut.evicted}
        if came or removed:
            await count(db, len(came) - len(removed), size_of(came.values()) - sum(removed.values()))
        kept = await self._keep(db, losses, cut)
        first = await oldest(db) if removed else None
        return Change(came, jumps, removed, cut.load.used_bytes if cut else used, cut, first, kept)

    async def _note_jumps(self, db: Connection) -> list[Jump]:
        """What must be known of the wall clock to tell how old these rows are."""
        jumps = self._ages.jumps
        if jumps != self._jumps:
            await boots.save(db, jumps)
        return jumps

    async def _keep(self, db: Connection, losses: Losses, cut: Cut | None) -> Kept:
        """What is lost is on disk together with its loss."""
        cost = self._told(cut, losses) if cut is not None else NOTHING
        kept = losses.with_these(cost.gaps, cost.again)
        if kept != self._kept:
            await untold.save(db, *kept, self._session)
        return kept

    def _settle(self, change: Change) -> None:
        self.count(change.came)
        self._jumps = change.jumps
        self.rows -= len(change.removed)
        freed = sum(change.removed.values())
        self.bytes -= freed
        self.used_bytes = change.used_bytes
        self._freed += freed
        self._kept = change.losses
        if change.removed:
            self.oldest = change.oldest
        if change.cut is not None:
            self._limits.settle(change.cut)
            self.is_over = change.cut.is_over

    def _cost(self, batch: Mapping[int, Entry], cut: Cut, losses: Losses) -> Cost:
        for row in cut.evicted:
            if row.id in batch:
                batch[row.id].done = True
        return self._told(cut, losses)

    def _told(self, cut: Cut, losses: Losses) -> Cost:
        gaps = [row.gap(self._session) for row in cut.evicted]
        return Cost(gaps, told_again(cut.evicted, self._session, losses.moved))
