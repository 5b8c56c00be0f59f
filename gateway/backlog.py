"""What waited when a connection began: first what never waits behind readings, then readings, paced."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.pace import TokenBucket

BACKLOG_BATCH = 100
"""Envelopes read from disk at once: enough to keep a full window busy, little memory."""


class Publisher(Protocol):
    """The relay, as the backlog sees it."""

    def tell_old(self, entries: Sequence[Entry]) -> int:
        """Queue before all readings what was not told on this connection; how much is queued there now."""

    def expect_backlog(self, *, waits: bool) -> None:
        """Whether a share of the window is to be kept."""

    def under_way(self) -> set[int]:
        """What is published and not acknowledged, or about to be."""

    def send_backlog(self, entry: Entry) -> bool:
        """Publish it, unless there is no room now."""


class Backlog:
    """One connection's backlog. `changed` tells of commits and, while `needs_room`, of acknowledgements."""

    def __init__(self, outbox: Outbox, publisher: Publisher, bucket: TokenBucket, changed: asyncio.Event) -> None:
        self.begun_at = self.boundary = 0
        """What has a lower id than `begun_at` is older than the connection; `boundary` follows what spills."""
        self.needs_room = False
        self._outbox = outbox
        self._publisher = publisher
        self._bucket = bucket
        self._changed = changed
        self._late: list[Entry] | None = []

    def begin(self) -> None:
        """What is staged from now on is of this connection."""
        self.begun_at = self.boundary = self._outbox.next_id
        self.needs_room = True

    def spill(self, boundary: int | None) -> None:
        """Readings below this id wait on disk now, if any do."""
        self.boundary = boundary or self.boundary
        self._changed.set()

    def keeps(self, late: Entry) -> bool:
        """Take what got on disk only now, though it is older than the connection, while older ones are being told."""
        if self._late is not None:
            self._late.append(late)
        return self._late is not None

    async def run(self) -> None:
        """Publish it all, and what becomes backlog later, until cancelled."""
        await self._until_announced()
        await self._tell_first()
        cursor = 0
        while True:
            self._changed.clear()
            boundary, settled = self.boundary, self._outbox.is_settled(self.boundary)
            batch = await self._outbox.waiting(readings=True, after=cursor, before=boundary, limit=BACKLOG_BATCH)
            self.needs_room = bool(batch)
            self._publisher.expect_backlog(waits=self.needs_room)
            if not batch:
                await self._until_there_may_be_more(boundary if settled else -1)
                continue
            cursor = batch[-1].id
            under_way = self._publisher.under_way()
            for entry in batch:
                if entry.id not in under_way:
                    await self._send(entry)

    async def _until_announced(self) -> None:
        """Where nothing is told before it is on disk, what is announced gets there first, if the disk takes it."""
        while self._outbox.commits_first and not (self._outbox.is_settled(self.begun_at) or self._outbox.is_refused):
            self._changed.clear()
            await self._changed.wait()

    async def _tell_first(self) -> None:
        """What never waits behind readings, a few at a time, and then what came meanwhile."""
        cursor = 0
        while batch := await self._read_first(cursor):
            cursor = batch[-1].id
            queued = self._publisher.tell_old(batch)
            while queued > BACKLOG_BATCH:
                self._changed.clear()
                await self._changed.wait()
                queued = self._publisher.tell_old([])
        late, self._late = self._late or [], None
        self._publisher.tell_old(late)

    async def _read_first(self, after: int) -> list[Entry]:
        return await self._outbox.waiting(readings=False, after=after, before=self.begun_at, limit=BACKLOG_BATCH)

    async def _until_there_may_be_more(self, exhausted: int) -> None:
        """The next commit may bring some, unless everything below `exhausted` is known to be gone."""
        await self._changed.wait()
        while self.boundary == exhausted:
            self._changed.clear()
            await self._changed.wait()

    async def _send(self, entry: Entry) -> None:
        await self._bucket.take()
        while not self._publisher.send_backlog(entry):
            self._changed.clear()
            await self._changed.wait()
