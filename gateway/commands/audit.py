"""What was commanded: a log that only grows at one end, in `local.db`, whoever asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from gateway.model import Bad, Value
from gateway.outbox.disk.store import Store, StoreError

WAITING = 1_000
"""Records that wait for a disk that refuses; with more the oldest are only counted."""

PRUNE_EVERY = 500
"""Records between two looks at the log's limits."""

PRUNE_SHARE = 16
"""Of the log's size: after a part of this, its limits are looked at sooner."""

RETRY_S = 5.0
"""Pause between attempts on a disk that refuses."""

COUNTED = 10_000
"""Of what counts for rates so much is looked at: as many as one rule may allow."""

ROW_BYTES = 64
"""Of a row beside its record: key, time, device, and what SQLite adds."""

REFUSALS_PER_MINUTE = 60
"""Of one origin that are told one by one: more would push what was really done out of a log that is bounded."""

MINUTE_S = 60.0

SHOWN_CHARS = 500
"""Of what a refused command asked for, and why it was refused: a stranger has written it."""

log = structlog.get_logger("fieldgate.audit")


class Asked(Struct, frozen=True, omit_defaults=True):
    """Who asked for what: `origin` is `endpoint` (which one), `local` or `uplink-lost`; `user` where that is known.

    `old`: what the points to be written were worth when last read. `counts`: the rules whose rates it counts for.
    """

    origin: str
    kind: str
    asked: Any
    endpoint: str | None = None
    user: str | None = None
    old: Mapping[str, Value] = {}
    counts: tuple[str, ...] = ()


NOT_KNOWN = Asked("unknown", "unknown", None)
"""Of a command that a journal without that word holds."""


class Record(Struct, frozen=True, omit_defaults=True):
    """One command from its arrival to its end. `wire`: the requests that may have changed something, in hex.

    `latency_ms`: from its arrival to its end. `repeated`: refusals of this origin that were not told beside this one.
    """

    time: str
    origin: str
    kind: str
    device: str
    status: str
    command: str | None = None
    endpoint: str | None = None
    user: str | None = None
    asked: Any = None
    old: Mapping[str, Value] = {}
    counts: tuple[str, ...] = ()
    wire: Sequence[str] = ()
    reason: str | None = None
    rule: str | None = None
    detail: str | None = None
    values: Mapping[str, Value] = {}
    bad: Mapping[str, Bad] = {}
    latency_ms: float | None = None
    repeated: int = 0
    clock: str | None = None


class _Minute(Struct):
    """How many refusals of one origin were told in it, how many were not, and the last of these."""

    told: int = 0
    untold: int = 0
    last: Record | None = None


class Audit:
    """The log at work. `is_synced()` says whether the system's clock can be believed."""

    def __init__(
        self, store: Store, max_age_s: float, max_bytes: int, wall_ms: Callable[[], int], is_synced: Callable[[], bool]
    ) -> None:
        self.lost = 0
        """Records that no disk took."""
        self._store = store
        self._max_age_s = max_age_s
        self._max_bytes = max_bytes
        self._wall_ms = wall_ms
        self._is_synced = is_synced
        self._waiting: deque[Record] = deque()
        self._taken = asyncio.Event()
        self._refuses = False
        self._stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._since_prune = PRUNE_EVERY
        self._bytes_since_prune = 0
        self._minutes: dict[str, _Minute] = {}

    def refused(self, refusal: Record) -> None:
        """Take a refusal, and of too many in a minute only their number, with the last of them, when it is over."""
        origin = refusal.endpoint or refusal.origin
        minute = self._minutes.get(origin)
        if minute is None:
            minute = self._minutes[origin] = _Minute()
            asyncio.get_running_loop().call_later(MINUTE_S, self._sum_up, origin)
        if minute.told < REFUSALS_PER_MINUTE:
            minute.told += 1
            self._take(_shortened(refusal))
        else:
            minute.untold += 1
            minute.last = refusal

    async def write(self, what: Record) -> None:
        """Take a record, and return once it is on disk; a disk that refuses is not waited for."""
        self._take(what)
        if not self._refuses:
            await asyncio.shield(self._stored)

    async def run(self) -> None:
        """Store what is taken, many in one transaction, until cancelled."""
        while True:
            await self._taken.wait()
            self._taken.clear()
            if not await self._store_all():
                await asyncio.sleep(RETRY_S)
                self._taken.set()

    async def settle(self) -> None:
        """At the stop, once `run` has ended: what still waits is stored if the disk lets us."""
        for origin in list(self._minutes):
            self._sum_up(origin)
        if self._waiting:
            await self._store_all()

    async def records(self, *, device: str | None, since_ms: int, before: int, limit: int) -> list[dict[str, Any]]:
        """The newest first, `before` a number; raises StoreError."""
        rows = await self._store.rows(
            "SELECT number, record FROM audit WHERE number < ? AND coalesce(time_ms, ?) >= ?"
            " AND coalesce(?, device) = device ORDER BY number DESC LIMIT ?",
            (before, since_ms, since_ms, device, limit),
        )
        return [{"number": number, **_shown(body)} for number, body in rows]

    async def counted(self, since_ms: int) -> list[tuple[float, str]]:
        """What counts for rates since then: how many seconds ago, and for which rule; raises StoreError."""
        now_ms = self._wall_ms()
        rows = await self._store.rows(
            "SELECT time_ms, value FROM"
            " (SELECT number, time_ms, CAST(record AS TEXT) AS text FROM audit WHERE time_ms BETWEEN ? AND ?),"
            " json_each(CASE WHEN json_valid(text) THEN text ELSE '{}' END, '$.counts') ORDER BY number DESC LIMIT ?",
            (since_ms, now_ms, COUNTED),
        )
        return [((now_ms - time_ms) / 1000, rule) for time_ms, rule in reversed(rows)]

    def _sum_up(self, origin: str) -> None:
        minute = self._minutes.pop(origin, None)
        if minute is not None and minute.last is not None:
            self._take(_shortened(msgspec.structs.replace(minute.last, repeated=minute.untold - 1)))

    def _take(self, what: Record) -> None:
        self._waiting.append(what if self._is_synced() else msgspec.structs.replace(what, clock="unsynced"))
        while len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._taken.set()

    async def _store_all(self) -> bool:
        """False if the disk refuses; then it is tried again later."""
        batch, self._waiting = self._waiting, deque()
        told, self._stored = self._stored, asyncio.get_running_loop().create_future()
        try:
            await self._insert(batch)
            self._refuses = False
        except StoreError as error:
            self._refuses = True
            self._waiting.extendleft(reversed(batch))
            log.error("audit not stored yet", records=len(batch), lost=self.lost or None, error=str(error))
        finally:
            told.set_result(None)
        return not self._refuses

    async def _insert(self, batch: Collection[Record]) -> None:
        time_ms = self._wall_ms() if self._is_synced() else None
        rows = [(time_ms, each.device, _encode(each)) for each in batch]
        await self._store.write([("INSERT INTO audit (time_ms, device, record) VALUES (?, ?, ?)", rows)])
        self._since_prune += len(batch)
        self._bytes_since_prune += sum(len(body) + ROW_BYTES for _, _, body in rows)
        if self._since_prune >= PRUNE_EVERY or self._bytes_since_prune > self._max_bytes / PRUNE_SHARE:
            with suppress(StoreError):  # the records stand; the limits are looked at again later
                await self._prune()

    async def _prune(self) -> None:
        """Hold the limits; what an unsynchronised clock has stamped goes for its size alone."""
        newest_first = f"sum(length(record) + {ROW_BYTES}) OVER (ORDER BY number DESC)"
        too_many = f"SELECT number FROM (SELECT number, {newest_first} AS size FROM audit) WHERE size > ?"
        cutoff_ms = self._wall_ms() - int(self._max_age_s * 1000)
        await self._store.write(
            [
                (
                    f"DELETE FROM audit WHERE number IN ({too_many})",
                    [(self._max_bytes,)],
                ),
                ("DELETE FROM audit WHERE time_ms < ?", [(cutoff_ms,)] if self._is_synced() else []),
            ]
        )
        self._since_prune = self._bytes_since_prune = 0


def _encode(what: Any) -> bytes:
    """Also of what a stranger's adapter takes for a value."""
    return msgspec.json.encode(what, enc_hook=repr)


def _shortened(refusal: Record) -> Record:
    shown = _encode(refusal.asked)
    asked = refusal.asked if len(shown) <= SHOWN_CHARS else shown[:SHOWN_CHARS].decode(errors="ignore")
    detail = refusal.detail[:SHOWN_CHARS] if refusal.detail else None
    return msgspec.structs.replace(refusal, asked=asked, detail=detail, old={})


def _shown(body: bytes) -> dict[str, Any]:
    """A record as it is shown: for what it counts is the guard's own matter."""
    try:
        record: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"detail": "this record is damaged"}
    record.pop("counts", None)
    return record
