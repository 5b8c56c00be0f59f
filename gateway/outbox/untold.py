"""Losses that were counted and are not told yet, on disk: a crash must not make them silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiosqlite import Connection

from gateway.model import Gap, GapReason
from gateway.outbox.disk.store import Store
from gateway.outbox.noted import COLUMNS, LOSS, LOST, TOTAL_TYPES, TYPES, gap_of, is_sound, reason_of, row_of

log = structlog.get_logger("fieldgate.outbox")


async def load(store: Store) -> tuple[list[Gap], dict[GapReason, int]]:
    """What earlier sessions have not told, and how much was lost since the file was made, as far as it can be read."""
    gaps = [gap_of(row) for row in await store.rows(f"SELECT {COLUMNS} FROM loss") if _is_readable(row, TYPES)]
    total = dict[GapReason, int]()
    for row in await store.rows("SELECT reason, count FROM lost"):
        if _is_readable(row, TOTAL_TYPES):
            total[reason_of(row[0])] = total.get(reason_of(row[0]), 0) + row[1]
    return gaps, total


async def save(db: Connection, gaps: Iterable[Gap], total: Mapping[GapReason, int], session: int) -> None:
    """Replace what is on disk, as part of a transaction; `session` is that of gaps which name none."""
    await db.execute("DELETE FROM loss")
    await db.execute("DELETE FROM lost")
    await db.executemany(LOSS, [row_of(gap, session) for gap in gaps])
    await db.executemany(LOST, [(reason.value, number) for reason, number in total.items()])


def _is_readable(row: Sequence[Any], types: Sequence[Any]) -> bool:
    """Whether a loss can be told of; said if not."""
    if is_sound(row, types):
        return True
    log.error("what was noted of a loss can't be read", noted=repr(row))
    return False
