"""Losses that were counted and are not told yet, on disk: a crash must not make them silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiosqlite import Connection

from gateway.model import Gap, GapReason
from gateway.outbox.disk.store import Store

COLUMNS = "reason, lost_session, device, count, first_seq, last_seq, first_ms, last_ms"

TYPES = (str, int, str | None, int | None, int | None, int | None, int, int)
"""What a row of `loss` holds as long as it is as it was written."""

REASONS = {reason.value: reason for reason in GapReason}

LAST_MS = 253_402_300_799_999
"""The end of the year 9999: no clock has stamped what is beyond."""

log = structlog.get_logger("fieldgate.outbox")


async def load(store: Store) -> tuple[list[Gap], dict[GapReason, int]]:
    """What earlier sessions have not told, and how much was lost since the file was made, as far as it can be read."""
    gaps = [_gap(row) for row in await store.rows(f"SELECT {COLUMNS} FROM loss") if _is_sound(row, TYPES)]
    total = dict[GapReason, int]()
    for row in await store.rows("SELECT reason, count FROM lost"):
        if _is_sound(row, (str, int)):
            total[_reason(row[0])] = total.get(_reason(row[0]), 0) + row[1]
    return gaps, total


async def save(db: Connection, gaps: Iterable[Gap], total: Mapping[GapReason, int], session: int) -> None:
    """Replace what is on disk, as part of a transaction; `session` is that of gaps which name none."""
    await db.execute("DELETE FROM loss")
    await db.execute("DELETE FROM lost")
    await db.executemany(
        f"INSERT OR REPLACE INTO loss ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                gap.reason.value,
                session if gap.lost_session is None else gap.lost_session,
                gap.device,
                gap.count,
                gap.first_seq,
                gap.last_seq,
                gap.first_ms,
                gap.last_ms,
            )
            for gap in gaps
        ],
    )
    await db.executemany("INSERT INTO lost VALUES (?, ?)", [(r.value, n) for r, n in total.items()])


def _is_sound(row: Sequence[Any], types: Sequence[Any]) -> bool:
    """Whether a loss can be told of; said if not."""
    if all(isinstance(value, type_) for value, type_ in zip(row, types, strict=True)):
        return True
    log.error("what was noted of a loss can't be read", noted=repr(row))
    return False


def _gap(row: Sequence[Any]) -> Gap:
    reason, session, device, count, first_seq, last_seq, first_ms, last_ms = row
    return Gap(_reason(reason), count, first_seq, last_seq, _ms(first_ms), _ms(last_ms), device, session)


def _ms(noted: int) -> int:
    return min(max(0, noted), LAST_MS)


def _reason(noted: str) -> GapReason:
    """A loss whose reason can't be read is one all the same."""
    return REASONS.get(noted, GapReason.CORRUPT)
