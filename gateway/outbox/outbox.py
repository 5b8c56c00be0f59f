"""The outbox of one endpoint: takes envelopes without waiting, commits them in groups, forgets the acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from gateway.config.models import OutboxSection
from gateway.model import Gap, GapReason
from gateway.outbox.commit import Committer
from gateway.outbox.entry import READING, Entry
from gateway.outbox.losses import Losses
from gateway.outbox.staging import Staging
from gateway.outbox.store import Opened, Store, StoreError

DELETE_LAG_S = 1.0
"""How long acknowledged rows may stay on disk before a commit is made for their deletion alone."""

RETRY_MIN_S, RETRY_MAX_S = 1.0, 30.0
"""Pauses between attempts to commit on a disk that refuses."""

log = structlog.get_logger("fieldgate.outbox")


def _ignore(*_: object) -> None:
    """Nobody listens yet."""


class Outbox:
    """Everything one endpoint's far end has not acknowledged yet.

    `on_ready(entry)` is called when an envelope may be published, `on_commit()` after each commit, and
    `on_gap(gap)` when readings were lost, so that an envelope is staged that says so.
    """

    def __init__(
        self, name: str, store: Store, settings: OutboxSection, wall_s: Callable[[], float] = time.time
    ) -> None:
        self.name = name
        self.store = store
        self.fault: str | None = None
        self.worst_commit_s = 0.0
        self.on_ready: Callable[[Entry], None] = _ignore
        self.on_commit: Callable[[], None] = _ignore
        self.on_gap: Callable[[Gap], None] = _ignore
        self._interval_s = settings.commit_interval
        self._drop_newest = settings.when_full == "drop-newest"
        self._wall_s = wall_s
        self._losses = Losses()
        self._staged = Staging(drop_newest=self._drop_newest)
        self._committing: dict[int, Entry] = {}
        self._disk = Committer(store, settings, wall_s)
        self._seq = 0
        self._retry_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due = asyncio.Event()
        self._committed = asyncio.Event()
        self._finished = False

    async def open(self) -> Opened:
        """Open the file and begin a session; raises StoreError."""
        opened = await self.store.open(self._wall_s())
        self._loop = asyncio.get_running_loop()
        self.session = opened.session
        self._first_id = opened.last_id
        await self._disk.open(opened.session)
        return opened

    @property
    def next_seq(self) -> int:
        """The number that the next staged envelope must carry."""
        return self._seq + 1

    @property
    def next_id(self) -> int:
        """Every envelope staged from now on has at least this id."""
        return self._first_id + self._seq + 1

    def stage(self, kind: str, device: str, payload: bytes) -> Entry:
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
        )
        if kind == READING and self._drop_newest and self._disk.is_full:
            self._lose(entry, GapReason.FULL)
        else:
            self.keep(entry)
        return entry

    def numbered(self, kind: str, device: str, encode: Callable[[int], bytes]) -> Entry:
        """An envelope with the next number that does not wait here: the caller puts it on disk, or calls `keep`."""
        self._seq += 1
        now_ms = int(self._wall_s() * 1000)
        entry_id = self._first_id + self._seq
        payload = encode(self._seq)
        return Entry(entry_id, self.session, self._seq, kind, device, now_ms, payload, self._loop.time())

    def adopt(self, entry: Entry) -> None:
        """Go on with a numbered envelope that the caller has put on disk."""
        self._disk.count([entry])
        self.on_ready(entry)

    def keep(self, entry: Entry) -> None:
        """Let an envelope wait for its commit."""
        victim = self._staged.add(entry)
        if victim is not None:
            self._lose(victim, GapReason.OVERFLOW)
        if self._interval_s > 0:
            if self._timer is None:
                self._wake_in(self._interval_s / 2)
            self.on_ready(entry)
        else:
            self._due.set()

    def acknowledged(self, entry: Entry) -> None:
        """The far end has it: forget it, and its row if it has one."""
        if entry.done:
            return
        entry.done = True
        if not self._staged.remove(entry.id):
            self._disk.doomed[entry.id] = len(entry.payload)
            if self._timer is None:
                self._wake_in(DELETE_LAG_S)

    async def set_aside(self, entry: Entry, code: int, reason: str) -> None:
        """Move an envelope that the far end refuses for good to the dead letters, with a gap."""
        try:
            await self.store.bury(entry, code, reason)
        except StoreError as error:
            self._note_fault(error)
        self._losses.add(_gap_of(entry, GapReason.REFUSED, self.session))
        self.acknowledged(entry)
        self._due.set()

    async def waiting(self, *, readings: bool, after: int, before: int, limit: int) -> list[Entry]:
        """Unacknowledged envelopes with `after < id < before`, oldest first: from disk, then from memory."""
        in_memory = [*self._committing.values(), *self._staged]
        entries = await self._on_disk(readings, after, before, limit)
        known = {entry.id for entry in entries}
        entries += [e for e in in_memory if e.is_reading == readings and after < e.id < before and e.id not in known]
        return [entry for entry in entries[:limit] if not entry.done]

    async def _on_disk(self, readings: bool, after: int, before: int, limit: int) -> list[Entry]:
        """Up to `limit` rows that nobody has acknowledged; empty only if there is none."""
        scanned, entries = limit, list[Entry]()
        try:
            while scanned == limit and not entries:
                found, torn = await self.store.entries(readings=readings, after=after, before=before, limit=limit)
                self._drop_torn(torn)
                scanned = len(found) + len(torn)
                after = max([after, *torn, *(entry.id for entry in found)])
                entries = [entry for entry in found if entry.id not in self._disk.doomed]
        except StoreError as error:
            self._note_fault(error)
        return entries

    def is_settled(self, before: int) -> bool:
        """Whether everything staged with a lower id has been acknowledged or is on disk."""
        oldest = self._staged.oldest
        return not self._committing and (oldest is None or oldest.id >= before)

    async def run(self) -> None:
        """Commit when it is time, until `finish`; a cancellation could cut a commit in half."""
        while not self._finished:
            await self._due.wait()
            self._due.clear()
            await self._commit()

    def finish(self) -> None:
        """Let `run` commit once more and return: nothing stages or acknowledges any more."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
        self._due.set()

    async def flush(self) -> None:
        """Return once everything staged so far is on disk."""
        while self._staged or self._committing:
            self._committed.clear()
            self._due.set()
            await self._committed.wait()

    async def close(self) -> None:
        """Close the file, once `run` has returned."""
        await self.store.close(clean=not self._staged)

    def depth(self) -> Mapping[str, Any]:
        """What waits, for the status."""
        memory = [self._staged.oldest, next(iter(self._committing.values()), None)]
        times = [entry.time_ms for entry in memory if entry is not None]
        if self._disk.waiting > 0 and self._disk.oldest_ms is not None:
            times.append(self._disk.oldest_ms)
        return {
            "waiting": len(self._staged) + len(self._committing) + self._disk.waiting,
            "on_disk": self._disk.rows,
            "bytes": self._disk.bytes + self._staged.bytes,
            "oldest_ms": min(times, default=None),
            "lost": dict(self._losses.total),
            "worst_commit_s": round(self.worst_commit_s, 4),
            "fault": self.fault,
        }

    def _lose(self, entry: Entry, reason: GapReason) -> None:
        entry.done = True
        self._losses.add(_gap_of(entry, reason, self.session))
        self._wake_in(self._interval_s / 2)

    def _drop_torn(self, ids: list[int]) -> None:
        """Rows whose checksum is wrong are never sent; they are counted and removed."""
        now_ms = int(self._wall_s() * 1000)
        for row_id in ids:
            self._disk.doomed[row_id] = 0
            self._losses.add(Gap(GapReason.CORRUPT, 1, None, None, now_ms, now_ms))
            self._due.set()

    def _wake_in(self, delay_s: float) -> None:
        """Look at what is due after this long, or sooner if that was planned already."""
        if delay_s <= 0:
            self._due.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(delay_s, self._look)

    def _look(self) -> None:
        self._timer = None
        oldest = self._staged.oldest
        age_s = self._loop.time() - oldest.staged_s if oldest is not None else 0.0
        if self._disk.doomed or self._losses or age_s >= self._interval_s / 2:
            self._due.set()
        elif oldest is not None:
            self._wake_in(self._interval_s / 2 - age_s)

    async def _commit(self) -> None:
        self._tell_losses()
        batch = self._committing = self._staged.take()
        began_s = self._loop.time()
        try:
            gaps = await self._disk.commit(batch)
        except StoreError as error:
            self._take_back(batch)
            self._note_fault(error)
        else:
            self.worst_commit_s = max(self.worst_commit_s, self._loop.time() - began_s)
            self._settle(batch, gaps)
        finally:
            self._committing = {}
            self.on_commit()
        if (self._staged or self._disk.doomed or self._losses) and not self._finished:
            self._wake_in(self._retry_s or self._interval_s / 2)

    def _settle(self, batch: Mapping[int, Entry], gaps: list[Gap]) -> None:
        for gap in gaps:
            self._losses.add(gap)
        if self.fault is not None:
            log.info("outbox writes again", outbox=self.name)
        self.fault, self._retry_s = None, 0.0
        self._committed.set()
        if self._interval_s <= 0:
            for entry in batch.values():
                self.on_ready(entry)

    def _take_back(self, batch: Mapping[int, Entry]) -> None:
        """A commit failed: what was not acknowledged meanwhile waits on."""
        doomed = self._disk.doomed
        self._staged.put_back(entry for row_id, entry in batch.items() if doomed.pop(row_id, None) is None)
        self._retry_s = min(max(self._retry_s * 2, RETRY_MIN_S), RETRY_MAX_S)

    def _tell_losses(self) -> None:
        for gap in self._losses.take():
            log.warning("readings lost", outbox=self.name, reason=gap.reason.value, count=gap.count)
            self.on_gap(gap)

    def _note_fault(self, error: StoreError) -> None:
        if self.fault is None:
            log.error("outbox can't use its file; readings are kept in memory", outbox=self.name, error=str(error))
        self.fault = str(error)


def _gap_of(entry: Entry, reason: GapReason, session: int) -> Gap:
    lost_session = entry.session if entry.session != session else None
    return Gap(reason, 1, entry.seq, entry.seq, entry.time_ms, entry.time_ms, entry.device or None, lost_session)
