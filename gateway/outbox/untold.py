"""Losses that were counted and are not told yet, on disk: a crash must not make them silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiosqlite import Connection

from gateway.model import Gap, GapReason
from gateway.outbox.store import Store

COLUMNS = "reason, lost_session, device, count, first_seq, last_seq, first_ms, last_ms"


async def load(store: Store) -> tuple[list[Gap], dict[GapReason, int]]:
    """What earlier sessions have not told, and how much was lost since the file was made."""
    gaps = [
        Gap(GapReason(reason), count, first_seq, last_seq, first_ms, last_ms, device, session)
        for reason, session, device, count, first_seq, last_seq, first_ms, last_ms in await store.rows(
            f"SELECT {COLUMNS} FROM loss"
        )
    ]
    total = {GapReason(reason): int(count) for reason, count in await store.rows("SELECT reason, count FROM lost")}
    return gaps, total


async def save(db: Connection, gaps: Iterable[Gap], total: Mapping[GapReason, int], session: int) -> None:
    """Replace what is on disk, as part of a transaction; `session` is that of gaps which name none."""
    await db.execute("DELETE FROM loss")
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
    await db.executemany("INSERT OR REPLACE INTO lost VALUES (?, ?)", [(r.value, n) for r, n in total.items()])
