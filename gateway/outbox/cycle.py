"""When an outbox commits, what it does about a disk that refuses, and when it tells of losses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import structlog

from gateway.model import Gap, GapReason
from gateway.outbox.commit import Committer, Cost
from gateway.outbox.disk.store import StoreError
from gateway.outbox.entry import Entry
from gateway.outbox.evicted import Evicted, told_again
from gateway.outbox.losses import Losses
from gateway.outbox.schedule import Clock, Schedule
from gateway.outbox.staging import Staging

DELETE_LAG_S = 1.0
"""How long acknowledged rows may stay on disk before a commit is made for their deletion alone."""

DOOMED_ROWS = 5_000
"""Or until so many are acknowledged: what a transaction deletes takes memory."""

HURRY_ENVELOPES = 1_000
"""A commit that is made because the room gets short also takes what comes until it begins."""

log = structlog.get_logger("fieldgate.outbox")


class Hooks(NamedTuple):
    """What a cycle calls: with each gap to tell, with what has got on disk, and at the end of each commit."""

    tell: Callable[[Gap], None]
    on_disk: Callable[[Mapping[int, Entry]], None]
    ended: Callable[[], None]


class Cycle:
    """The commits of one outbox, from what is staged to what is told of it."""

    def __init__(
        self,
        name: str,
        *,
        staged: Staging,
        disk: Committer,
        interval_s: float,
        batch_bytes: int,
        clock: Clock,
        hooks: Hooks,
    ) -> None:
        self.fault: str | None = None
        self.worst_commit_s = 0.0
        self.losses = Losses()
        self.last_gone = 0
        """The highest id of what had to go before it was on disk."""
        self._name = name
        self._staged = staged
        self._disk = disk
        self._interval_s = interval_s
        self._batch_bytes = batch_bytes
        self._hooks = hooks
        self._schedule = Schedule(clock, self._look)
        self._now_s = clock.time
        self._committed = asyncio.Event()
        self._due_before = 0
        """What has a lower id is committed however young it is."""
        self._unsaved = False
        """The disk does not know yet what is lost."""
        self._finished = False

    def restore(self, untold: Iterable[Gap], total: Mapping[GapReason, int]) -> None:
        """Tell what an earlier session has counted and not told, and count on."""
        self.losses.restore(total)
        self.losses.tell_again(untold)
        self._plan_telling()

    async def run(self) -> None:
        """Commit when it is time, until `finish`; a cancellation could cut a commit in half."""
        due, finished = self._schedule.due, False
        while not finished:
            await due.wait()
            due.clear()
            finished = self._finished
            await self.commit()
            if not finished:
                await self._tidy()
        while self._staged and self.fault is None:
            await self.commit()

    async def _tidy(self) -> None:
        """What comes meanwhile waits for it as for a commit."""
        began_s = self._now_s()
        await self._disk.tidy()
        self.worst_commit_s = max(self.worst_commit_s, self._now_s() - began_s)
        if self._disk.is_over or self._disk.has_room_to_give:
            self._schedule.wake_in(DELETE_LAG_S)

    def finish(self) -> None:
        """Let `run` commit all there is once more, and return."""
        self._finished = True
        self._schedule.stop()
        self._schedule.due.set()

    async def flush(self, before: int) -> None:
        """Return once everything staged with a lower id is on disk."""
        while not self.is_settled(before):
            self._committed.clear()
            self._due_before = max(self._due_before, before)
            self._schedule.due.set()
            await self._committed.wait()

    async def save_losses(self) -> None:
        """Return once the disk knows of all that is counted by now, or the word on it is staged."""
        for _ in range(2):  # the one that is under way may have begun before
            self._committed.clear()
            self._schedule.due.set()
            await self._committed.wait()

    def is_settled(self, before: int) -> bool:
        """Whether everything staged with a lower id has been acknowledged or is on disk."""
        oldest = self._staged.oldest_of_all
        return oldest is None or oldest.id >= before

    def staged_first(self) -> None:
        """Something waits where nothing did."""
        self._schedule.wake_in(self._interval_s / 2)

    def hurry(self, newest: Entry) -> None:
        """The room in memory gets short: everything up to this one is committed as soon as the disk is free."""
        if newest.id >= self._due_before:
            self._due_before = newest.id + HURRY_ENVELOPES
            self._schedule.wake_in(0)

    def acknowledged(self) -> None:
        """There are rows to delete: soon, so that few are deleted at once."""
        self._schedule.wake_in(0 if len(self._disk.doomed) >= DOOMED_ROWS else DELETE_LAG_S)

    def lost(self, gaps: Iterable[Gap]) -> None:
        """Count these losses now, put them on disk soon, and tell of them when it is time."""
        for gap in gaps:
            self.losses.add(gap)
            self._unsaved = True
        self._plan_telling()

    def tell_losses(self, *, everything: bool) -> None:
        """Say what was lost: what is due, or whatever has not been told yet.

        The disk forgets a loss with the next commit, so the word on it is in that commit.
        """
        told = self.losses.take(self._now_s(), everything=everything)
        for gap in told:
            log.warning("envelopes lost", outbox=self._name, reason=gap.reason.value, count=gap.count)
            self._hooks.tell(gap)
        newest = self._staged.newest
        if told and newest is not None:
            self._due_before = newest.id + 1
            self._schedule.wake_in(0)

    def note_fault(self, error: StoreError) -> None:
        """The disk refuses."""
        if self.fault is None:
            log.error("outbox can't use its file; readings are kept in memory", outbox=self._name, error=str(error))
        self.fault = str(error)

    async def commit(self) -> None:
        """Give the disk what is due."""
        if not self._finished:
            self.tell_losses(everything=False)
        batch, unsaved = self._take_due(), self._unsaved
        self._unsaved = False
        began_s = self._now_s()
        try:
            cost = await self._disk.commit(batch, self.losses, probe=self.fault is not None)
        except StoreError as error:
            self._unsaved |= unsaved
            self._take_back(batch)
            self.note_fault(error)
        else:
            self.worst_commit_s = max(self.worst_commit_s, self._now_s() - began_s)
            self._settle(batch, cost)
        finally:
            self._hooks.ended()
        if not self._finished:
            self._plan()

    def _take_due(self) -> Mapping[int, Entry]:
        """What has waited for half the interval, with what came since; nothing while the oldest is younger."""
        if self._youth_s() > 0 and not (self._is_any_due or self._finished):
            return {}
        return self._staged.take(self._batch_bytes)

    @property
    def _is_any_due(self) -> bool:
        oldest = self._staged.oldest
        return oldest is not None and oldest.id < self._due_before

    def _settle(self, batch: Mapping[int, Entry], cost: Cost) -> None:
        if self.fault is not None:
            log.info("outbox writes again", outbox=self._name)
        self.fault = None
        self._schedule.go_on()
        self._staged.committed()
        self.losses.tell_again(cost.again)
        self.lost(cost.gaps)
        self._committed.set()
        self._hooks.on_disk(batch)

    def _take_back(self, batch: Mapping[int, Entry]) -> None:
        """A commit failed: what was not acknowledged meanwhile waits on, as far as there is room."""
        kept = [entry for row_id, entry in batch.items() if row_id not in self._disk.doomed]
        self._disk.doomed -= {row_id for row_id, entry in batch.items() if not (entry.unsettled or entry.on_disk)}
        victims = self._staged.put_back(kept)
        self._due_before = max([self._due_before, *(row_id + 1 for row_id in batch)])
        self._schedule.hold_back()
        self.went(victims, GapReason.OVERFLOW)

    def went(self, entries: Collection[Entry], reason: GapReason) -> None:
        """These had to go before they were on disk; what gaps among them have told is told again."""
        self.last_gone = max([self.last_gone, *(entry.id for entry in entries)])
        for entry in entries:
            if entry.kind == "gap":
                self.losses.tell_again(_told_by(entry))
        self.lost(gap_of(entry, reason) for entry in entries)

    def _look(self) -> None:
        if self._is_any_due or self._has_chores or self.fault is not None or self._youth_s() <= 0 or self._may_tell():
            self._schedule.due.set()
        else:
            self._plan()

    def _plan(self) -> None:
        """See to it that what is left will be looked at in time."""
        if self._staged:
            self._schedule.wake_in(0.0 if self._is_any_due else max(self._youth_s(), 0.0))
        self._plan_telling()

    @property
    def _has_chores(self) -> bool:
        """Whether there is something to write besides envelopes."""
        return bool(self._disk.doomed or self._disk.is_over or self._disk.has_room_to_give or self._unsaved)

    def _plan_telling(self) -> None:
        if self._has_chores:
            self._schedule.wake_in(DELETE_LAG_S)
        rest_s = self.losses.due_in_s(self._now_s())
        if rest_s is not None:
            self._schedule.wake_in(rest_s)

    def _may_tell(self) -> bool:
        return self.losses.due_in_s(self._now_s()) == 0

    def _youth_s(self) -> float:
        """How long the oldest staged envelope may still be acknowledged without ever touching the disk."""
        oldest = self._staged.oldest
        since_s = oldest.staged_s if oldest is not None else self._now_s()
        return since_s + self._interval_s / 2 - self._now_s()


def _told_by(entry: Entry) -> list[Gap]:
    word = Evicted(entry.id, entry.session, entry.seq, entry.time_ms, 0, entry.payload)
    return told_again([word], entry.session)


def gap_of(entry: Entry, reason: GapReason, session: int | None = None) -> Gap:
    """The word on one lost envelope, said in `session`, or in its own."""
    lost_session = entry.session if session is not None and entry.session != session else None
    return Gap(reason, 1, entry.seq, entry.seq, entry.time_ms, entry.time_ms, entry.device or None, lost_session)
