"""What one commit does: staged envelopes in, acknowledged ones out, limits held; all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from gateway.config.models import OutboxSection
from gateway.model import Gap, GapReason
from gateway.outbox.entry import Entry
from gateway.outbox.store import (
    ROW_OVERHEAD_BYTES,
    Lost,
    Statements,
    Store,
    StoreError,
    delete_statements,
    insert_statements,
)

AGE_CHECK_S = 60.0
"""How often the age limit is looked at: it is given in hours or days."""


PROBE: tuple[str, Iterable[Sequence[object]]] = ("UPDATE meta SET value = 0 WHERE key = 'clean'", [()])
"""Changes nothing, and shows that the disk writes again."""


class Committer:
    """The disk's side of an outbox: counts what is there, without ever counting rows."""

    def __init__(self, store: Store, settings: OutboxSection, wall_s: Callable[[], float]) -> None:
        self.rows = 0
        self.bytes = 0
        self.oldest_ms: int | None = None
        self.doomed: dict[int, int] = {}
        """Acknowledged envelopes whose rows are still on disk: id and size of the payload."""
        self._store = store
        self._settings = settings
        self._wall_s = wall_s
        self._age_checked_s: float | None = None
        self._evicted_to = 0
        self._session = 0

    async def open(self, session: int) -> None:
        """Learn what is on disk; raises StoreError."""
        self._session = session
        self.rows, self.bytes, self.oldest_ms = await self._store.depth()

    def forget(self, entry: Entry) -> None:
        """Delete an acknowledged envelope with the next commit, unless the limits have already cost its row."""
        if not (entry.is_reading and entry.id <= self._evicted_to):
            self.doomed[entry.id] = len(entry.payload)

    @property
    def waiting(self) -> int:
        """Envelopes on disk that nobody has acknowledged."""
        return self.rows - len(self.doomed)

    async def commit(self, batch: Mapping[int, Entry], *, probe: bool) -> list[Gap]:
        """One durable transaction; returns the readings that the limits cost. Raises StoreError.

        `probe`: write something even if there is nothing to write.
        """
        gone = dict(self.doomed)
        evicted, lost = await self._over_limits(batch)
        gone |= evicted
        statements: Statements = insert_statements(list(batch.values())) if batch else []
        if gone:
            statements += delete_statements(gone)
        elif probe and not statements:
            statements = [PROBE]
        if statements:
            await self._store.write(statements)
        self._evicted_to = max([self._evicted_to, *evicted])
        self._settle(batch, gone)
        if gone:
            with suppress(StoreError):
                self.oldest_ms = await self._store.oldest_ms()
        return [self._gap(reason, one) for reason, one in lost]

    def count(self, entries: Sequence[Entry]) -> None:
        """Note envelopes that a transaction has put on disk."""
        self.rows += len(entries)
        self.bytes += sum(len(entry.payload) + ROW_OVERHEAD_BYTES for entry in entries)
        for entry in entries:
            entry.on_disk = True
        if entries and self.oldest_ms is None:
            self.oldest_ms = entries[0].time_ms

    def _settle(self, batch: Mapping[int, Entry], gone: Mapping[int, int]) -> None:
        for row_id, size in gone.items():
            self.doomed.pop(row_id, None)
            self.rows -= 1
            self.bytes -= size + ROW_OVERHEAD_BYTES
        self.count(list(batch.values()))

    async def _over_limits(self, batch: Mapping[int, Entry]) -> tuple[dict[int, int], list[tuple[GapReason, Lost]]]:
        """The readings on disk that the limits of size and age no longer allow."""
        settings, now_s = self._settings, self._wall_s()
        incoming = sum(len(entry.payload) + ROW_OVERHEAD_BYTES for entry in batch.values())
        outgoing = sum(size + ROW_OVERHEAD_BYTES for size in self.doomed.values())
        excess = self.bytes + incoming - outgoing - settings.max_size if settings.when_full == "drop-oldest" else 0
        if excess <= 0 and self._age_checked_s is not None and 0 <= now_s - self._age_checked_s < AGE_CHECK_S:
            return {}, []
        self._age_checked_s = now_s
        cutoff_ms = int((now_s - settings.max_age) * 1000)
        sizes, lost = await self._store.oldest_readings(excess, cutoff_ms, besides=self.doomed.keys())
        return sizes, [(GapReason.EXPIRED if one.last_ms < cutoff_ms else GapReason.FULL, one) for one in lost]

    def _gap(self, reason: GapReason, lost: Lost) -> Gap:
        elsewhere = lost.session if lost.session != self._session else None
        return Gap(reason, lost.readings, lost.first_seq, lost.last_seq, lost.first_ms, lost.last_ms, None, elsewhere)
