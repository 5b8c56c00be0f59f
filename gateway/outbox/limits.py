"""Which rows have to go: those that are too old, then what is more than the outbox may hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aiosqlite import Connection

from gateway.config.models import OutboxSection
from gateway.model import Gap, GapReason
from gateway.outbox.ages import Ages
from gateway.outbox.entry import LEAVING_ORDER, READING, READINGS, STATUS, SUPERSEDED, Entry
from gateway.outbox.store import ROW_OVERHEAD_BYTES, delete

AGE_CHECK_S = 60.0
"""How often the age limit is looked at: it is given in hours or days."""

EVICTION_BATCH = 5000
"""Rows evicted by one commit, beside as many as it brings: bounds its time; a larger excess goes with the next."""

GAP_ROOM_BYTES = 1024
"""Freed beyond the excess, for the gaps that tell of it: else telling of a loss would be the next one."""

COLUMNS = f"id, session, seq, time_ms, length(payload) + {ROW_OVERHEAD_BYTES}"


OUTDATED = (
    "id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY device ORDER BY id DESC) AS age"
    f" FROM envelope WHERE kind <> '{READING}' AND kind = '{STATUS}') WHERE age > 1)"
)
"""Statuses that a newer one of the same device has superseded."""


class Evicted(NamedTuple):
    """A row that has to go; `size` is what it takes on disk."""

    id: int
    session: int
    seq: int
    time_ms: int
    size: int
    reason: GapReason

    def gap(self, session: int) -> Gap:
        """The word on it, said in this session."""
        elsewhere = self.session if self.session != session else None
        return Gap(self.reason, 1, self.seq, self.seq, self.time_ms, self.time_ms, None, elsewhere)


class Cut(NamedTuple):
    """What had to go; up to which id there are no readings now, and whether there may be outdated statuses."""

    evicted: list[Evicted]
    no_readings_to: int
    may_be_outdated: bool


class Limits:
    """The limits of one outbox file, on a clock that never jumps."""

    def __init__(self, settings: OutboxSection, ages: Ages) -> None:
        self._max_bytes = settings.max_size
        self._max_age_s = settings.max_age
        self._lanes = _lanes(newest_first=settings.when_full == "drop-newest")
        self._ages = ages
        self._looked_s: float | None = None
        self._no_readings_to = 0
        self._may_be_outdated = True

    def are_due(self, size: int, now_s: float) -> bool:
        """Whether with so much on disk there may be something to evict."""
        return size > self._max_bytes or self._looked_s is None or now_s - self._looked_s >= AGE_CHECK_S

    def note(self, batch: Iterable[Entry]) -> None:
        """These will be on disk next, in the order of their ids."""
        for entry in batch:
            self._ages.note(entry.id, entry.time_ms, entry.staged_s)
            self._may_be_outdated |= entry.kind == STATUS

    async def hold(self, db: Connection, size: int, came: int, last_id: int, *, now_s: float) -> Cut:
        """Delete, not counted yet, what has to go of `size` bytes; the last `came` rows, to `last_id`, are new."""
        self._looked_s = now_s
        most = EVICTION_BATCH + came
        evicted = await self._expired(db, most, now_s)
        await delete(db, [row.id for row in evicted])
        excess = size - sum(row.size for row in evicted) - self._max_bytes
        if excess <= 0:
            return Cut(evicted, self._no_readings_to, self._may_be_outdated)
        cut = await self._excess(db, excess + min(GAP_ROOM_BYTES, self._max_bytes // 8), most, last_id)
        await delete(db, [row.id for row in cut.evicted])
        return cut._replace(evicted=evicted + cut.evicted)

    def settle(self, cut: Cut) -> None:
        """The cut is on disk."""
        _, self._no_readings_to, self._may_be_outdated = cut

    async def _expired(self, db: Connection, most: int, now_s: float) -> list[Evicted]:
        """Up to the first row that is young; a stamp of the future says nothing."""
        found = list[Evicted]()
        async with db.execute(f"SELECT {COLUMNS} FROM envelope ORDER BY id LIMIT ?", (most,)) as rows:
            async for row_id, session, seq, time_ms, size in rows:
                age_s = self._ages.age_s(row_id, session, time_ms, now_s)
                if age_s > self._max_age_s:
                    found.append(Evicted(row_id, session, seq, time_ms, size, GapReason.EXPIRED))
                elif age_s >= 0:
                    break
        return found

    async def _excess(self, db: Connection, excess: int, most: int, last_id: int) -> Cut:
        """Lane by lane, in the order of leaving, until so many bytes are free."""
        evicted = list[Evicted]()
        emptied = set[int]()
        for lane, sql in enumerate(self._lanes):
            if lane == SUPERSEDED and not self._may_be_outdated:
                continue
            after = self._no_readings_to if lane == READINGS else 0
            found = await _first(db, sql, after, excess, most - len(evicted))
            evicted += found
            excess -= sum(row.size for row in found)
            if excess <= 0 or len(evicted) >= most:
                break
            emptied.add(lane)
        no_readings_to = last_id if READINGS in emptied else self._no_readings_to
        return Cut(evicted, no_readings_to, self._may_be_outdated and SUPERSEDED not in emptied)


def _lanes(*, newest_first: bool) -> list[str]:
    """A query for the rows of each lane, in the order in which they leave."""
    queries = []
    for lane, kinds in enumerate(LEAVING_ORDER):
        words = ", ".join(f"'{kind}'" for kind in kinds)
        which = f"kind <> '{READING}' AND kind IN ({words})"
        if lane == SUPERSEDED:
            which = OUTDATED
        elif lane == READINGS:
            which = f"kind = '{READING}'"
        order = "DESC" if lane == READINGS and newest_first else "ASC"
        queries.append(f"SELECT {COLUMNS} FROM envelope WHERE {which} AND id > ? ORDER BY id {order}")
    return queries


async def _first(db: Connection, sql: str, after: int, excess: int, most: int) -> list[Evicted]:
    """The first rows that free so much, at most so many."""
    found = list[Evicted]()
    async with db.execute(sql, (after,)) as rows:
        async for row_id, session, seq, time_ms, size in rows:
            if excess <= 0 or len(found) >= most:
                break
            found.append(Evicted(row_id, session, seq, time_ms, size, GapReason.FULL))
            excess -= size
    return found
