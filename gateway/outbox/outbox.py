"""The outbox of one endpoint: takes envelopes without waiting, commits them in groups, forgets the acknowledged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import structlog

from gateway.clock import WallClock
from gateway.config.models import OutboxSection
from gateway.model import Gap, GapReason
from gateway.outbox.audit import Audit
from gateway.outbox.commit import Committer, Kept
from gateway.outbox.cycle import Cycle, Hooks, gap_of
from gateway.outbox.disk.opening import Opened
from gateway.outbox.disk.rows import ROW_OVERHEAD_BYTES
from gateway.outbox.disk.space import commit_bytes, dead_bytes
from gateway.outbox.disk.store import CorruptError, Store, StoreError
from gateway.outbox.disk.turns import HANG_S
from gateway.outbox.entry import READING, Entry, Torn
from gateway.outbox.evicted import torn_gap
from gateway.outbox.noted import Noted
from gateway.outbox.schedule import Clock
from gateway.outbox.staging import Staging
from gateway.outbox.stamps import Stamps
from gateway.outbox.standing import standing
from gateway.outbox.waiting import Waiting
from gateway.repeats import Repeats

NO_LIMIT_BYTES = 1 << 62
"""Before the far end has said what it takes."""

log = structlog.get_logger("fieldgate.outbox")


def _ignore(*_: object) -> None:
    """Nobody listens yet."""


class Outbox:
    """Everything one endpoint's far end has not acknowledged yet.

    `on_ready(entry)` is called when an envelope may be published, `on_commit()` after each commit, and
    `on_gap(gap)` when readings were lost, so that an envelope is staged that says so.
    `on_found()` is called when rows were added that are older than what is being sent.
    `max_payload` is the largest envelope that the far end takes, as far as it has said so.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        settings: OutboxSection,
        wall_s: Callable[[], float] = time.time,
        *,
        wall: WallClock | None = None,
    ) -> None:
        self.name = name
        self.store = store
        self.max_payload = NO_LIMIT_BYTES
        self.on_ready: Callable[[Entry], None] = _ignore
        self.on_commit: Callable[[], None] = _ignore
        self.on_gap: Callable[[Gap], None] = _ignore
        self.on_found: Callable[[], None] = _ignore
        self.away: str | None = None
        """Why its file is not where it should be, for the status."""
        self._settings = settings
        self._interval_s = settings.commit_interval
        self._drop_newest = settings.when_full == "drop-newest"
        self._wall_s = wall_s
        self._wall = wall or WallClock("trusted", boot=0)
        self._staged = Staging(drop_newest=self._drop_newest)
        self._repeats = Repeats()

    async def open(self, clock: Clock | None = None) -> Opened:
        """Open the file and begin a session; raises StoreError. `clock`: the event loop's if not given."""
        clock = clock or asyncio.get_running_loop()
        self.store.turns.on_hang = self._disk_hangs
        opened = await self.store.open(self._wall_s())
        self.session = opened.session
        self._now_s = clock.time
        self._stamps = Stamps(opened, self._wall, self._wall_s, clock.time)
        self._disk = Committer(self.store, self._settings, clock.time)
        try:
            untold, total = await self._learn(opened)
        except CorruptError:  # there is a fresh file now
            untold, total = await self._learn(opened)
        self._cycle = Cycle(
            self.name,
            staged=self._staged,
            disk=self._disk,
            interval_s=self._interval_s,
            batch_bytes=commit_bytes(self._settings.max_size),
            clock=clock,
            hooks=Hooks(self._tell, self._on_disk, self._ended),
        )
        self._cycle.restore(untold, total)
        self._wall.on_synced.append(self._clock_is_right)
        in_memory = None if self.commits_first else self._staged
        self._waiting = Waiting(self.store, self._disk, in_memory, self._drop_torn, self._cycle.note_fault)
        return opened

    async def _learn(self, opened: Opened) -> Kept:
        """What the file says of ages, depth and losses."""
        return await self._disk.open(opened, await self._stamps.recall(self.store))

    def _clock_is_right(self, moved_ms: int) -> None:
        self._cycle.losses.move(self._stamps.believe(moved_ms))

    @property
    def next_seq(self) -> int:
        """The number that the next staged envelope must carry."""
        return self._stamps.next_seq

    @property
    def next_id(self) -> int:
        """Every envelope staged from now on has at least this id."""
        return self._stamps.next_id

    def stage(self, kind: str, device: str, payload: bytes, read_ms: int | None = None) -> Entry:
        """Take an envelope, encoded with `next_seq`, without waiting; `read_ms`: of a reading, its time."""
        entry = self._stamps.entry(kind, device, payload, read_ms)
        if kind == READING and self._drop_newest and self._is_full:
            self._lose([entry], GapReason.FULL)
        else:
            self.keep(entry)
        return entry

    def numbered(self, kind: str, device: str, encode: Callable[[int], bytes]) -> Entry:
        """An envelope with the next number that does not wait here: the caller puts it on disk, or calls `keep`."""
        return self._stamps.entry(kind, device, encode(self.next_seq))

    def adopt(self, entry: Entry) -> None:
        """Go on with a numbered envelope that the caller has put on disk."""
        self._disk.count({entry.id: entry})
        self.on_ready(entry)

    def keep_unsettled(self, entry: Entry) -> None:
        """Let an envelope wait that a transaction whose end is not known may have put on disk."""
        entry.unsettled = self._disk.is_unsure = True
        self.keep(entry)

    def keep(self, entry: Entry) -> None:
        """Let an envelope wait for its commit."""
        victims = self._staged.add(entry)
        if victims is not None:
            self._lose(victims, GapReason.OVERFLOW)
        if self._staged.count == 1:
            self._cycle.staged_first()
        elif self._staged.is_half_full:
            self._cycle.hurry(entry)
        if self._interval_s > 0 and not entry.done:
            self.on_ready(entry)

    def acknowledged(self, entry: Entry) -> None:
        """The far end has it: forget it, and its row if it has one."""
        if entry.done:
            return
        entry.done = True
        if not self._staged.remove(entry) or entry.unsettled or entry.on_disk:
            self._disk.doomed.add(entry.id)
            self._cycle.acknowledged()

    @property
    def room_bytes(self) -> int:
        """How much more fits on disk."""
        return self._disk.room_bytes

    def is_acknowledged(self, row_id: int) -> bool:
        """Whether the far end has a row, as far as this process knows: it must not come back."""
        return self._disk.is_acknowledged(row_id)

    def found(self, entries: Mapping[int, Entry], used: int) -> None:
        """Older envelopes were put on disk, which uses so much now; `on_found` is for the caller to call."""
        self._disk.found(entries, used)

    def take_over(self, losses: Noted) -> None:
        """Tell what another outbox has counted and not told; it is on disk."""
        self._cycle.restore(losses.gaps, losses.total)

    async def lost(self, gaps: Iterable[Gap]) -> None:
        """Count what somebody else found to be lost, and tell it when it is time; on disk when this returns."""
        self._cycle.lost(gaps)
        await self._cycle.save_losses()
        await self.flush()

    async def set_aside(self, entry: Entry, code: int, reason: str) -> None:
        """Move an envelope that the far end refuses for good to the dead letters, with a gap."""
        untold = self._repeats.tell((entry.device, reason), self._now_s())
        if untold is not None:
            seq, device = entry.seq, entry.device or None
            message = "envelope refused for good, set aside"
            log.error(message, outbox=self.name, device=device, seq=seq, reason=reason, untold=untold)
        try:
            await self.store.bury(entry, code, reason, dead_bytes(self._settings.max_size))
        except StoreError as error:
            self._cycle.note_fault(error)
        self._cycle.lost([gap_of(entry, GapReason.REFUSED, self.session)])
        self.acknowledged(entry)

    def moved_ms(self, entry: Entry) -> int | None:
        """What the clock was set by since it stamped an envelope wrongly; None: rightly, or that can't be told."""
        return self._stamps.moved_ms(entry)

    def tell_losses(self) -> None:
        """Say at once what was lost and not told yet: a connection begins, or the process ends."""
        self._cycle.tell_losses(everything=True)

    async def waiting(self, *, readings: bool, after: int, before: int, limit: int) -> list[Entry]:
        """Unacknowledged envelopes with `after < id < before`, oldest first: from disk, then from memory."""
        return await self._waiting.read(readings=readings, after=after, before=before, limit=limit)

    def audit(self, known: Callable[[], set[int]]) -> Audit:
        """For one connection, of which `known` says what it has sent or queued."""
        return Audit(self.store, lambda: known() | self._disk.doomed)

    @property
    def commits_first(self) -> bool:
        """Whether an envelope must be on disk before it is published."""
        return self._interval_s <= 0

    @property
    def is_refused(self) -> bool:
        """Whether the disk refuses now."""
        return self._cycle.fault is not None or self.store.turns.hangs

    def is_ready(self, entry: Entry) -> bool:
        """Whether an envelope may be published now; if not, `on_ready` tells when."""
        return self._interval_s > 0 or entry.on_disk or entry.done

    def is_settled(self, before: int) -> bool:
        """Whether everything staged with a lower id has been acknowledged or is on disk."""
        return self._cycle.is_settled(before)

    async def run(self) -> None:
        """Commit when it is time, until `finish`; a cancellation could cut a commit in half."""
        await self._cycle.run()

    def finish(self) -> None:
        """Let `run` commit once more and return: nothing stages or acknowledges any more."""
        self._cycle.finish()

    async def flush(self, since: int | None = None) -> bool:
        """Return once everything staged so far is on disk; False if any of it, from this id on, had to go before."""
        await self._cycle.flush(self.next_id)
        return since is None or self._cycle.last_gone < since

    async def close(self) -> None:
        """Close the file, once `run` has returned."""
        await self.store.close(clean=not self._staged)

    def depth(self) -> Mapping[str, Any]:
        """What waits, for the status."""
        return standing(
            self._staged, self._disk, self._cycle, self._stamps.age_s, hangs=self.store.turns.hangs, away=self.away
        )

    @property
    def _is_full(self) -> bool:
        return self._disk.is_full_with(self._staged.bytes + ROW_OVERHEAD_BYTES * len(self._staged))

    def _lose(self, entries: Collection[Entry], reason: GapReason) -> None:
        for entry in entries:
            entry.done = True
        self._cycle.went(entries, reason)

    def _disk_hangs(self) -> None:
        log.error("disk does not answer; readings are kept in memory", outbox=self.name, after_s=HANG_S)

    def _tell(self, gap: Gap) -> None:
        self.on_gap(gap)

    def _ended(self) -> None:
        self.on_commit()

    def _on_disk(self, batch: Mapping[int, Entry]) -> None:
        if self.commits_first:
            for entry in batch.values():
                self.on_ready(entry)

    def _drop_torn(self, torn: list[Torn]) -> None:
        """Rows that are not as they were written are never sent; they are counted and removed."""
        now_ms = int(self._wall_s() * 1000)
        for row in torn:
            if row.id not in self._disk.doomed:
                self._disk.doomed.add(row.id)
                self._disk.torn.add(row.id)
                self._cycle.lost([torn_gap(row, self.session, now_ms)])
                self._cycle.acknowledged()
