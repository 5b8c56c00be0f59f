"""Which rows have to go: those that are too old, then what is more than the outbox may hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aiosqlite import Connection

from gateway.config.models import OutboxSection
from gateway.model import GapReason
from gateway.outbox.ages import Ages
from gateway.outbox.disk.rows import SIZE, delete, number
from gateway.outbox.disk.space import PAGE_BYTES, file_share, used_bytes
from gateway.outbox.entry import LEAVING_ORDER, READING, READINGS, STATUS, SUPERSEDED, Entry
from gateway.outbox.evicted import Evicted

AGE_CHECK_S = 60.0
"""How often the age limit is looked at: it is given in hours or days."""

EVICTION_BATCH = 5000
"""Rows evicted by one commit, beside as many as it brings: bounds its time; a larger excess goes with the next."""

MOST_SLACK = 8.0
"""A row is never counted as more pages than so many times its size: what shares pages with others frees them late."""

COLUMNS = (
    f"id, {number('session')}, {number('seq')}, {number('time_ms')},"
    f" {SIZE}, CASE kind WHEN 'gap' THEN CAST(payload AS BLOB) END"
)
OUTDATED = (
    "id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY device ORDER BY id DESC) AS age"
    f" FROM envelope WHERE kind <> '{READING}' AND kind = '{STATUS}') WHERE age > 1)"
)
"""Statuses that a newer one of the same device has superseded."""


class Load(NamedTuple):
    """What is on disk: pages in use, in bytes, and the rows in them with their payload and overhead."""

    used_bytes: int
    row_bytes: int

    def without(self, used: int, rows: Iterable[Evicted]) -> Load:
        """After these rows went and so many bytes are still in use."""
        return Load(used, self.row_bytes - sum(row.size for row in rows))

    def rows_for(self, excess: int) -> int:
        """How many bytes of rows must go until so many bytes of pages are free, as far as that can be told."""
        slack = min(MOST_SLACK, max(1.0, self.used_bytes / max(1, self.row_bytes)))
        return int(excess / slack) + 1


class Known(NamedTuple):
    """What spares a search: up to which id there are no readings, and whether there may be outdated statuses."""

    no_readings_to: int = 0
    may_be_outdated: bool = True


class Cut(NamedTuple):
    """What had to go, what is left, and what is known now. `is_over`: more has to go."""

    evicted: list[Evicted]
    load: Load
    known: Known
    is_over: bool = False


class Limits:
    """The limits of one outbox file, on a clock that never jumps."""

    def __init__(self, settings: OutboxSection, ages: Ages) -> None:
        self.max_bytes = file_share(settings.max_size)
        """What the pages in use may take; the rest of `max_size` is the log's."""
        self._max_age_s = settings.max_age
        self._lanes = _lanes(newest_first=settings.when_full == "drop-newest")
        self._ages = ages
        self._looked_s: float | None = None
        self._known = Known()

    def are_due(self, used: int, now_s: float) -> bool:
        """Whether with so many bytes in use there may be something to evict."""
        return used > self.max_bytes or self._looked_s is None or now_s - self._looked_s >= AGE_CHECK_S

    def note(self, batch: Iterable[Entry]) -> None:
        """These will be on disk next, not always in the order of their ids."""
        for entry in batch:
            if entry.kind == STATUS:
                self._known = self._known._replace(may_be_outdated=True)
            elif entry.kind == READING and entry.id <= self._known.no_readings_to:
                self._known = self._known._replace(no_readings_to=entry.id - 1)

    def forget(self) -> None:
        """There are rows now that were not staged here."""
        self._known = Known()

    async def hold(self, db: Connection, load: Load, came: int, last_id: int, *, now_s: float) -> Cut:
        """Delete, not counted yet, what has to go; the last `came` rows, to `last_id`, are new."""
        self._looked_s = now_s
        most = EVICTION_BATCH + came
        evicted = await self._expired(db, most, now_s)
        await delete(db, [row.id for row in evicted])
        load = load.without(await used_bytes(db), evicted)
        known = self._known
        while load.used_bytes > self.max_bytes and len(evicted) < most:
            wanted = load.rows_for(load.used_bytes - self.max_bytes + PAGE_BYTES)
            rows, known = await self._excess(db, wanted, most - len(evicted), known, last_id)
            if not rows:
                break
            await delete(db, [row.id for row in rows])
            load = load.without(await used_bytes(db), rows)
            evicted += rows
        return Cut(evicted, load, known, is_over=bool(evicted) and load.used_bytes > self.max_bytes)

    def settle(self, cut: Cut) -> None:
        """The cut is on disk."""
        self._known = cut.known

    async def _expired(self, db: Connection, most: int, now_s: float) -> list[Evicted]:
        """Up to the first row that is young; a stamp of the future says nothing."""
        found = list[Evicted]()
        async with db.execute(f"SELECT ahead_ms, {COLUMNS} FROM envelope ORDER BY id LIMIT ?", (most,)) as rows:
            async for ahead_ms, *row in rows:
                one = Evicted(*row)._replace(reason=GapReason.EXPIRED)
                unsynced = ahead_ms is not None
                age_s = self._ages.age_s(one.id, one.session, one.time_ms, now_s, unsynced=unsynced)
                if age_s > self._max_age_s:
                    found.append(one)
                elif age_s >= 0:
                    break
        return found

    async def _excess(
        self, db: Connection, excess: int, most: int, known: Known, last_id: int
    ) -> tuple[list[Evicted], Known]:
        """Lane by lane, in the order of leaving, until rows of so many bytes are found."""
        found = list[Evicted]()
        for lane, sql in enumerate(self._lanes):
            if lane == SUPERSEDED and not known.may_be_outdated:
                continue
            after = known.no_readings_to if lane == READINGS else 0
            rows = await _first(db, sql, after, excess, most - len(found))
            found += rows
            excess -= sum(row.size for row in rows)
            if excess <= 0 or len(found) >= most:
                break
            if lane == SUPERSEDED:
                known = known._replace(may_be_outdated=False)
            elif lane == READINGS:
                known = known._replace(no_readings_to=last_id)
        return found, known


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
        async for row in rows:
            if excess <= 0 or len(found) >= most:
                break
            found.append(Evicted(*row))
            excess -= found[-1].size
    return found
