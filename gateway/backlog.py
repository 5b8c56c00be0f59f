"""What waited when a connection began: first what never waits behind readings, then readings, paced."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from gateway.lanes import Lanes
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.pace import BURST_S, TokenBucket

FIRST_BATCH = 100
"""Envelopes read from disk at once while nobody knows how large they are."""

MAX_BATCH = 500
"""Envelopes read from disk at once: one trip to the database's thread."""

MAX_BATCH_BYTES = 1024**2
"""As many of them as should be in memory at once, as far as those before tell how large they are."""

LOW_BATCHES = 0.5
"""The next batch is read while so much of one still waits to be sent."""


AUDIT_EACH_S = 60.0
"""How often, once everything has been read, it is looked whether the file hides something."""


class Publisher(Protocol):
    """The flow, as the backlog sees it."""

    def tell_old(self, entries: Sequence[Entry]) -> int:
        """Queue before all readings what was not told on this connection; how much is queued there now."""

    def expect_backlog(self, *, waits: bool) -> None:
        """Whether a share of the window is to be kept."""

    def under_way(self) -> set[int]:
        """What is published and not acknowledged, or about to be."""

    def wanted(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of them that are not under way, nor wait for something else than room."""

    @property
    def keeps_back(self) -> bool:
        """Whether there may be some on disk that are not wanted."""

    def room_for_backlog(self) -> int:
        """How many there is room for now."""

    def send_backlog(self, entries: Sequence[Entry]) -> None:
        """Publish them: there is room."""

    def pump(self) -> None:
        """Publish what there is room for, of all lanes."""


class Backlog:
    """One connection's backlog. `changed` tells of commits and, while `needs_room`, of acknowledgements.

    It reads into `lanes.old`, and in `strict` order holds live readings back until nothing older waits; for each of
    them one more may pass than the bucket lets through, so that it catches up however slow that is.
    """

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        lanes: Lanes,
        bucket: TokenBucket,
        changed: asyncio.Event,
        *,
        strict: bool,
    ) -> None:
        self.begun_at = self.boundary = 0
        """What has a lower id than `begun_at` is older than the connection; `boundary` follows what spills."""
        self.needs_room = False
        self._outbox = outbox
        self._publisher = publisher
        self._lanes = lanes
        self._bucket = bucket
        self._changed = changed
        self._strict = strict
        self._late: list[Entry] | None = []
        self._batch = FIRST_BATCH
        self._is_read = False
        """Nothing below the boundary waits outside `lanes.old`."""
        self._is_rewound = False
        self._audit_of = outbox.audit(self._known)
        self._audited_s = float("-inf")
        self._rest: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """What is staged from now on is of this connection."""
        self._loop = asyncio.get_running_loop()
        self.begun_at = self.boundary = self._outbox.next_id
        self._bucket.withdraw()
        self._reach()

    def spill(self, boundary: int | None) -> None:
        """Readings below this id wait on disk now, if any do."""
        if boundary is not None:
            self.boundary = boundary
            self._reach()

    def rewind(self) -> None:
        """Read again from the start: rows have come to light that are older than what was read."""
        self._is_rewound = True
        self._reach()

    def keeps(self, late: Entry) -> bool:
        """Take what got on disk only now, though it is older than the connection, while older ones are being told."""
        if self._late is not None:
            self._late.append(late)
        return self._late is not None

    def holds_back(self) -> None:
        """A live reading waits behind the backlog, which may go on by one more."""
        self._bucket.grant()
        if self._rest is not None and self._rest.when() > self._loop.time() + BURST_S:
            self._rest_for(BURST_S)

    def pump(self) -> None:
        """Publish what there is room and credit for."""
        while self._rest is None and (lane := self._next_lane()):
            room = self._publisher.room_for_backlog()
            if room <= 0:
                break
            passing = self._bucket.take(min(room, len(lane)), self._loop.time())
            if passing:
                self._publisher.send_backlog([lane.popleft() for _ in range(passing)])
            else:
                self._rest_for(self._bucket.rest_s)
        if self._has_little:
            self._changed.set()

    async def run(self) -> None:
        """Publish it all, and what becomes backlog later, until cancelled."""
        try:
            await self._until_announced()
            while True:
                self._is_rewound = False
                self._lanes.old.clear()
                await self._tell_first()
                await self._read_until_rewound()
        finally:
            if self._rest is not None:
                self._rest.cancel()

    def _reach(self) -> None:
        """There may be more than has been read."""
        self._is_read = False
        self._lanes.held = self._strict
        self._changed.set()

    def _next_lane(self) -> deque[Entry] | None:
        """Where the next reading comes from that is to be paced; live ones are, while they were held back."""
        lanes = self._lanes
        if not lanes.old and self._is_read:
            if lanes.held and lanes.live:
                return lanes.live
            lanes.held = False
            self._bucket.withdraw()
            self._publisher.expect_backlog(waits=False)
        return lanes.old or None

    def _rest_for(self, seconds: float) -> None:
        if self._rest is not None:
            self._rest.cancel()
        self._rest = self._loop.call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._rest = None
        self._publisher.pump()

    @property
    def _has_little(self) -> bool:
        """Whether it is time to read more."""
        return not self._is_read and len(self._lanes.old) <= self._batch * LOW_BATCHES

    async def _until_announced(self) -> None:
        """Where nothing is told before it is on disk, what is announced gets there first, if the disk takes it."""
        while self._outbox.commits_first and not (self._outbox.is_settled(self.begun_at) or self._outbox.is_refused):
            self._changed.clear()
            await self._changed.wait()

    async def _tell_first(self) -> None:
        """What never waits behind readings, a few at a time, and then what came meanwhile."""
        cursor = 0
        self.needs_room = True
        while batch := await self._read_first(cursor):
            cursor = batch[-1].id
            queued = self._publisher.tell_old(batch)
            while queued > FIRST_BATCH:
                self._changed.clear()
                await self._changed.wait()
                queued = self._publisher.tell_old([])
        self.needs_room = False
        late, self._late = self._late or [], None
        self._publisher.tell_old(late)

    async def _read_first(self, after: int) -> list[Entry]:
        return await self._outbox.waiting(readings=False, after=after, before=self.begun_at, limit=FIRST_BATCH)

    async def _read_until_rewound(self) -> None:
        cursor = 0
        while not self._is_rewound:
            self._changed.clear()
            if self._has_little:
                cursor = await self._read_on(cursor)
            else:
                await self._changed.wait()

    async def _read_on(self, cursor: int) -> int:
        """One more batch; returns up to where everything has been read."""
        boundary = self.boundary
        is_complete = not self._outbox.commits_first or self._outbox.is_settled(boundary)
        batch = await self._outbox.waiting(readings=True, after=cursor, before=boundary, limit=self._batch)
        if self._is_rewound:
            return cursor
        self._lanes.old.extend(self._publisher.wanted(batch))
        self._is_read = not batch and is_complete and boundary == self.boundary
        self._publisher.expect_backlog(waits=bool(self._lanes.old))
        self._publisher.pump()
        if batch:
            self._batch = _batch_of(batch)
            return batch[-1].id
        if self._is_read:
            await self._audit(boundary)
        else:
            await self._changed.wait()
        return cursor

    async def _audit(self, boundary: int) -> None:
        """Read again if something was missed; what is missed again is found hidden at once."""
        if self._publisher.keeps_back or self._loop.time() - self._audited_s < AUDIT_EACH_S:
            return
        if await self._audit_of.is_passed(self.begun_at, boundary):
            self._audited_s = self._loop.time()
        else:
            self.rewind()

    def _known(self) -> set[int]:
        return {*self._publisher.under_way(), *self._lanes.told, *(entry.id for entry in self._lanes.old)}


def _batch_of(last: Sequence[Entry]) -> int:
    """How many of this size to read at once."""
    size = sum(len(entry.payload) for entry in last) // len(last)
    return max(1, min(MAX_BATCH, MAX_BATCH_BYTES // max(1, size)))
