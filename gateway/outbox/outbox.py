"""The outbox of one endpoint: takes envelopes without waiting, commits them in groups, forgets the acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog

from gateway.config.models import OutboxSection
from gateway.model import Gap, GapReason
from gateway.outbox.entry import READING, Entry
from gateway.outbox.losses import Losses
from gateway.outbox.store import (
    ROW_OVERHEAD_BYTES,
    Lost,
    Opened,
    Statements,
    Store,
    StoreError,
    delete_statements,
    insert_statements,
)

STAGING_ENVELOPES = 10_000
"""How many envelopes may wait in memory for the disk (design: "bounded staging room")."""

STAGING_BYTES = 16 * 1024**2
"""How many bytes of payload may wait in memory for the disk."""

AGE_CHECK_S = 60.0
"""How often the age limit is looked at: it is given in hours or days."""

DELETE_LAG_S = 1.0
"""How long acknowledged rows may stay on disk before a commit is made for their deletion alone."""

RETRY_MIN_S, RETRY_MAX_S = 1.0, 30.0
"""Pauses between attempts to commit on a disk that refuses."""

log = structlog.get_logger("fieldgate.outbox")


class Outbox:
    """Everything one endpoint's far end has not acknowledged yet.

    `on_ready(entry)` is called when an envelope may be published; `on_commit()` after each commit;
    `on_gap(gap)` when readings were lost, for an envelope to be staged.
    """

    def __init__(
        self, name: str, store: Store, settings: OutboxSection, wall_s: Callable[[], float] = time.time
    ) -> None:
        self.name = name
        self.store = store
        self.losses = Losses()
        self.fault: str | None = None
        self.worst_commit_s = 0.0
        self.on_ready: Callable[[Entry], None] = lambda entry: None
        self.on_commit: Callable[[], None] = lambda: None
        self.on_gap: Callable[[Gap], None] = lambda gap: None
        self._settings = settings
        self._wall_s = wall_s
        self._seq = 0
        self._staged: dict[int, Entry] = {}
        self._staged_bytes = 0
        self._committing: dict[int, Entry] = {}
        self._doomed: dict[int, int] = {}
        self._disk_rows = self._disk_bytes = 0
        self._oldest_ms: int | None = None
        self._age_checked_s = 0.0
        self._retry_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due = asyncio.Event()
        self._finished = False
        self._committed = asyncio.Event()

    async def open(self) -> Opened:
        """Open the file and begin a session; raises StoreError."""
        opened = await self.store.open(self._wall_s())
        self._loop = asyncio.get_running_loop()
        self.session = opened.session
        self._first_id = opened.last_id
        depth = await self.store.depth()
        self._disk_rows, self._disk_bytes, self._oldest_ms = depth
        return opened

    @property
    def next_seq(self) -> int:
        """The number that the next staged envelope must carry."""
        return self._seq + 1

    @property
    def next_id(self) -> int:
        """Every envelope staged from now on has at least this id."""
        return self._first_id + self._seq + 1

    def stage(self, kind: str, device: str, payload: bytes, *, fresh: bool = True) -> Entry:
        """Take an envelope, encoded with `next_seq`, without waiting."""
        self._seq += 1
        entry = Entry(
            id=self._first_id + self._seq,
            session=self.session,
            seq=self._seq,
            kind=kind,
            device=device,
            time_ms=int(self._wall_s() * 1000),
            payload=payload,
            staged_s=self._loop.time(),
            fresh=fresh,
        )
        if kind == READING and self._is_full():
            self._lose(entry, GapReason.FULL)
            return entry
        self._keep(entry)
        return entry

    def adopt(self, entry: Entry) -> None:
        """Go on with an envelope that the caller has already put on disk."""
        entry.on_disk = True
        self._count_disk(1, len(entry.payload))
        self.on_ready(entry)

    def numbered(self, kind: str, device: str, encode: Callable[[int], bytes]) -> Entry:
        """An envelope with the next number, not staged yet: for a transaction of the caller's own."""
        self._seq += 1
        now_ms = int(self._wall_s() * 1000)
        payload = encode(self._seq)
        return Entry(
            self._first_id + self._seq, self.session, self._seq, kind, device, now_ms, payload, self._loop.time(), True
        )

    def restage(self, entry: Entry) -> None:
        """Take a numbered envelope whose own transaction failed."""
        self._keep(entry)

    def acknowledged(self, entry: Entry) -> None:
        """The far end has it: forget it, and its row if it has one."""
        if entry.done:
            return
        entry.done = True
        if self._staged.pop(entry.id, None) is not None:
            self._staged_bytes -= len(entry.payload)
        else:
            self._doomed[entry.id] = len(entry.payload)
            self._wake_in(DELETE_LAG_S)

    async def set_aside(self, entry: Entry, code: int, reason: str) -> None:
        """Move an envelope that the far end refuses for good to the dead letters, with a gap."""
        row = (entry.id, entry.session, entry.seq, entry.kind, entry.device, entry.time_ms, entry.payload, 0, code, reason)
        try:
            await self.store.write([("INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [row])])
        except StoreError as error:
            log.error("dead letter lost", outbox=self.name, error=str(error))
        self.losses.add(_gap_of(entry, GapReason.REFUSED, self.session))
        self.acknowledged(entry)
        self._wake_in(0.0)

    async def waiting(self, *, readings: bool, after: int, before: int, limit: int) -> list[Entry]:
        """Unacknowledged envelopes with `after < id < before`, oldest first: from disk, then from memory."""
        sign = "=" if readings else "<>"
        in_memory = [*self._committing.values(), *self._staged.values()]
        entries: list[Entry] = []
        try:
            entries, torn = await self.store.entries(
                f"kind {sign} '{READING}' AND id > ? AND id < ?", (after, before), limit
            )
            self._drop_torn(torn)
        except StoreError as error:
            self._note_fault(error)
        known = {entry.id for entry in entries}
        entries += [e for e in in_memory if e.is_reading == readings and after < e.id < before and e.id not in known]
        return [entry for entry in entries[:limit] if entry.id not in self._doomed and not entry.done]

    async def run(self) -> None:
        """Commit when it is time, until `finish`; a cancellation could cut a commit in half."""
        while not self._finished:
            await self._due.wait()
            self._due.clear()
            await self._commit()

    async def flush(self) -> None:
        """Return once everything staged so far is on disk."""
        while self._staged or self._committing:
            self._committed.clear()
            self._due.set()
            await self._committed.wait()

    def finish(self) -> None:
        """Let `run` commit once more and return: nothing stages or acknowledges any more."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
        self._due.set()

    async def close(self) -> None:
        """Close the file, once `run` has returned."""
        await self.store.close(clean=not self._staged)

    def depth(self) -> Mapping[str, Any]:
        """What waits, for the status."""
        waiting = len(self._staged) + len(self._committing)
        return {
            "waiting": waiting + self._disk_rows - len(self._doomed),
            "on_disk": self._disk_rows,
            "bytes": self._disk_bytes + self._staged_bytes,
            "oldest_ms": self._oldest(),
            "lost": dict(self.losses.total),
            "worst_commit_s": round(self.worst_commit_s, 4),
            "fault": self.fault,
        }

    def _oldest(self) -> int | None:
        if self._disk_rows > len(self._doomed):
            return self._oldest_ms
        first = next(iter(self._committing.values()), None) or next(iter(self._staged.values()), None)
        return first.time_ms if first else None

    def _keep(self, entry: Entry) -> None:
        self._staged[entry.id] = entry
        self._staged_bytes += len(entry.payload)
        if len(self._staged) > STAGING_ENVELOPES or self._staged_bytes > STAGING_BYTES:
            self._overflow()
        if self._settings.commit_interval > 0:
            if self._timer is None:
                self._wake_in(self._settings.commit_interval / 2)
            self.on_ready(entry)
        else:
            self._due.set()

    def _is_full(self) -> bool:
        return self._settings.when_full == "drop-newest" and self._disk_bytes >= self._settings.max_size

    def _overflow(self) -> None:
        """The disk does not keep up: drop one reading, the oldest or the newest."""
        newest = self._settings.when_full == "drop-newest"
        order: Iterable[Entry] = reversed(self._staged.values()) if newest else self._staged.values()
        victim = next((entry for entry in order if entry.is_reading), None)
        if victim is not None:
            del self._staged[victim.id]
            self._staged_bytes -= len(victim.payload)
            self._lose(victim, GapReason.OVERFLOW)

    def _lose(self, entry: Entry, reason: GapReason) -> None:
        entry.done = True
        self.losses.add(_gap_of(entry, reason, self.session))
        self._wake_in(self._settings.commit_interval / 2)

    def _drop_torn(self, ids: list[int]) -> None:
        """Rows whose checksum is wrong are never sent; they are counted and removed."""
        now_ms = int(self._wall_s() * 1000)
        for row_id in ids:
            self._doomed[row_id] = 0
            self.losses.add(Gap(GapReason.CORRUPT, 1, None, None, now_ms, now_ms))
            self._wake_in(0.0)

    def _wake_in(self, delay_s: float) -> None:
        """Look at what is due after this long, or sooner if that was planned already."""
        if delay_s <= 0:
            self._due.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(delay_s, self._look)

    def _look(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        half_s = self._settings.commit_interval / 2
        oldest = next(iter(self._staged.values()), None)
        if self._doomed or self.losses or (oldest is not None and now_s - oldest.staged_s >= half_s):
            self._due.set()
        elif oldest is not None:
            self._wake_in(oldest.staged_s + half_s - now_s)

    async def _commit(self) -> None:
        """One transaction: what is staged goes in, what is acknowledged or over the limits goes out."""
        self._tell_losses()
        batch, self._staged, self._staged_bytes = self._staged, {}, 0
        self._committing = batch
        doomed = dict(self._doomed)
        began_s = self._loop.time()
        try:
            evicted, lost = await self._over_limits(batch)
            statements: Statements = insert_statements(list(batch.values())) if batch else []
            gone = doomed | {row_id: size for row_id, size in evicted.items() if row_id not in doomed}
            if gone:
                statements += delete_statements(gone)
            if statements:
                await self.store.write(statements)
        except StoreError as error:
            self._take_back(batch)
            self._note_fault(error)
        else:
            self._settle(batch, gone, lost)
            self.worst_commit_s = max(self.worst_commit_s, self._loop.time() - began_s)
        finally:
            self._committing = {}
            self.on_commit()
        if (self._staged or self._doomed or self.losses) and not self._finished:
            self._wake_in(self._retry_s or self._settings.commit_interval / 2 or DELETE_LAG_S)

    def _tell_losses(self) -> None:
        for gap in self.losses.take():
            log.warning("readings lost", outbox=self.name, reason=gap.reason, count=gap.count)
            self.on_gap(gap)

    async def _over_limits(self, batch: Mapping[int, Entry]) -> tuple[dict[int, int], list[tuple[GapReason, Lost]]]:
        """The readings on disk that the limits of size and age no longer allow."""
        incoming = sum(len(entry.payload) + ROW_OVERHEAD_BYTES for entry in batch.values())
        excess = self._disk_bytes + incoming - self._settings.max_size
        now_s = self._loop.time()
        if excess <= 0 and now_s - self._age_checked_s < AGE_CHECK_S:
            return {}, []
        self._age_checked_s = now_s
        cutoff_ms = int((self._wall_s() - self._settings.max_age) * 1000)
        if self._settings.when_full == "drop-newest":
            excess = 0
        sizes, lost = await self.store.oldest_readings(excess, cutoff_ms)
        return sizes, [(GapReason.EXPIRED if one.last_ms < cutoff_ms else GapReason.FULL, one) for one in lost]

    def _settle(self, batch: dict[int, Entry], gone: Mapping[int, int], lost: list[tuple[GapReason, Lost]]) -> None:
        for row_id, size in gone.items():
            self._doomed.pop(row_id, None)
            self._count_disk(-1, -size)
        for entry in batch.values():
            entry.on_disk = True
            self._count_disk(1, len(entry.payload))
            if self._settings.commit_interval <= 0:
                self.on_ready(entry)
        if batch and self._oldest_ms is None:
            self._oldest_ms = next(iter(batch.values())).time_ms
        for reason, one in lost:
            elsewhere = one.session if one.session != self.session else None
            self.losses.add(
                Gap(reason, one.readings, one.first_seq, one.last_seq, one.first_ms, one.last_ms, None, elsewhere)
            )
        if self.fault is not None:
            log.info("outbox writes again", outbox=self.name)
        self.fault, self._retry_s = None, 0.0
        self._committed.set()

    def _take_back(self, batch: dict[int, Entry]) -> None:
        """A commit failed: what was not acknowledged meanwhile waits on, in its order."""
        kept = {row_id: entry for row_id, entry in batch.items() if self._doomed.pop(row_id, None) is None}
        self._staged = kept | self._staged
        self._staged_bytes += sum(len(entry.payload) for entry in kept.values())
        self._retry_s = min(max(self._retry_s * 2, RETRY_MIN_S), RETRY_MAX_S)

    def _note_fault(self, error: StoreError) -> None:
        if self.fault is None:
            log.error("outbox can't use its file; readings are kept in memory", outbox=self.name, error=str(error))
        self.fault = str(error)

    def _count_disk(self, rows: int, payload_bytes: int) -> None:
        self._disk_rows += rows
        self._disk_bytes += payload_bytes + rows * ROW_OVERHEAD_BYTES
        if self._disk_rows <= 0:
            self._oldest_ms = None


def _gap_of(entry: Entry, reason: GapReason, session: int) -> Gap:
    lost_session = entry.session if entry.session != session else None
    return Gap(reason, 1, entry.seq, entry.seq, entry.time_ms, entry.time_ms, entry.device or None, lost_session)
