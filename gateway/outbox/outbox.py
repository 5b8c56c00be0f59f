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
        self._max_bytes = settings.max_size
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
        self._all_due = False
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
        if kind == READING and self._drop_newest and self._disk.bytes + self._staged.bytes >= self._max_bytes:
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
        if len(self._staged) == 1:
            self._wake_in(self._interval_s / 2)
        if self._interval_s > 0:
            self.on_ready(entry)

    def acknowledged(self, entry: Entry) -> None:
        """The far end has it: forget it, and its row if it has one."""
        if entry.done:
            return
        entry.done = True
        if not self._staged.remove(entry.id):
            self._disk.forget(entry)
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
        in_memory = [*self._committing.values(), *self._staged] if self._interval_s > 0 else []
        while True:
            try:
                entries, end = await self._on_disk(readings, after, before, limit)
                break
            except StoreError as error:
                self._note_fault(error)
                await asyncio.sleep(RETRY_MIN_S)
        known = {entry.id for entry in entries}
        entries += [e for e in in_memory if e.is_reading == readings and after < e.id < end and e.id not in known]
        return sorted((entry for entry in entries if not entry.done), key=_by_id)[:limit]

    async def _on_disk(self, readings: bool, after: int, before: int, limit: int) -> tuple[list[Entry], int]:
        """Up to `limit` rows that nobody has acknowledged, empty only if there is none, and where the search ended."""
        while True:
            found, torn = await self.store.entries(readings=readings, after=after, before=before, limit=limit)
            self._drop_torn(torn)
            entries = [entry for entry in found if entry.id not in self._disk.doomed]
            if len(found) + len(torn) < limit:
                return entries, before
            after = max(entry.id for entry in (*found, *torn))
            if entries:
                return entries, after + 1

    @property
    def commits_first(self) -> bool:
        """Whether an envelope must be on disk before it is published."""
        return self._interval_s <= 0

    def is_ready(self, entry: Entry) -> bool:
        """Whether an envelope may be published now; if not, `on_ready` tells when."""
        return self._interval_s > 0 or entry.on_disk or entry.done

    def is_settled(self, before: int) -> bool:
        """Whether everything staged with a lower id has been acknowledged or is on disk."""
        oldest = next(iter(self._committing.values()), None) or self._staged.oldest
        return oldest is None or oldest.id >= before

    async def run(self) -> None:
        """Commit when it is time, until `finish`; a cancellation could cut a commit in half."""
        finished = False
        while not finished:
            await self._due.wait()
            self._due.clear()
            finished = self._finished
            await self._commit()
        if self._losses:
            await self._commit()

    def finish(self) -> None:
        """Let `run` commit once more and return: nothing stages or acknowledges any more."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()
        self._due.set()

    async def flush(self) -> None:
        """Return once everything staged so far is on disk."""
        end = self.next_id
        while not self.is_settled(end):
            self._committed.clear()
            self._all_due = True
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

    def _drop_torn(self, torn: list[Entry]) -> None:
        """Rows whose checksum is wrong are never sent; they are counted and removed."""
        for entry in torn:
            if entry.id not in self._disk.doomed:
                self._disk.forget(entry)
                self._losses.add(_gap_of(entry, GapReason.CORRUPT, self.session))
                self._due.set()

    def _wake_in(self, delay_s: float) -> None:
        """Look at what is due after this long, or sooner if that was planned already, but let a bad disk rest."""
        delay_s = max(delay_s, self._retry_s)
        at_s = self._loop.time() + delay_s
        if delay_s <= 0:
            self._due.set()
        elif self._timer is None or at_s < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(at_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._all_due or self._disk.doomed or self._losses or self._youth_s() <= 0:
            self._due.set()
        else:
            self._plan()

    def _plan(self) -> None:
        """See to it that what is left will be looked at in time."""
        if self._disk.doomed:
            self._wake_in(DELETE_LAG_S)
        if self._losses:
            self._wake_in(self._interval_s / 2)
        if self._staged:
            self._wake_in(max(self._youth_s(), 0.0))

    def _youth_s(self) -> float:
        """How long the oldest staged envelope may still be acknowledged without ever touching the disk."""
        oldest = self._staged.oldest
        since_s = oldest.staged_s if oldest is not None else self._loop.time()
        return since_s + self._interval_s / 2 - self._loop.time()

    async def _commit(self) -> None:
        self._tell_losses()
        batch = self._committing = self._take_due()
        began_s = self._loop.time()
        try:
            gaps = await self._disk.commit(batch, probe=self.fault is not None)
        except StoreError as error:
            self._take_back(batch)
            self._note_fault(error)
        else:
            self.worst_commit_s = max(self.worst_commit_s, self._loop.time() - began_s)
            self._settle(batch, gaps)
        finally:
            self._committing = {}
            self.on_commit()
        if not self._finished:
            self._plan()

    def _take_due(self) -> dict[int, Entry]:
        """What has waited for half the interval, with all that came since; nothing while the oldest is younger."""
        if self._youth_s() > 0 and not (self._all_due or self._finished):
            return {}
        self._all_due = False
        return self._staged.take()

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
        self._all_due = True
        self._retry_s = min(max(self._retry_s * 2, RETRY_MIN_S), RETRY_MAX_S)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._loop.time() + self._retry_s, self._look)

    def _tell_losses(self) -> None:
        for gap in self._losses.take():
            log.warning("readings lost", outbox=self.name, reason=gap.reason.value, count=gap.count)
            self.on_gap(gap)

    def _note_fault(self, error: StoreError) -> None:
        if self.fault is None:
            log.error("outbox can't use its file; readings are kept in memory", outbox=self.name, error=str(error))
        self.fault = str(error)


def _by_id(entry: Entry) -> int:
    return entry.id


def _gap_of(entry: Entry, reason: GapReason, session: int) -> Gap:
    lost_session = entry.session if entry.session != session else None
    return Gap(reason, 1, entry.seq, entry.seq, entry.time_ms, entry.time_ms, entry.device or None, lost_session)
