"""What the outbox file knows of the machine's boot: times since boot can be compared only within one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from aiosqlite import Connection

from gateway.outbox.ages import Jump
from gateway.outbox.disk.opening import settings
from gateway.outbox.disk.store import Store

AHEAD = "ahead-"
"""Keys of `meta`: from this row's id on the wall clock was so many milliseconds ahead of the steady one."""

NOTED = re.compile(rf"{AHEAD}(0|[1-9][0-9]{{0,18}})")

NOTE = "INSERT OR REPLACE INTO meta VALUES (?, ?)"


class Boot(NamedTuple):
    """The first row's id of this boot, and what the wall clock did in it so far."""

    since: int
    jumps: list[Jump]


async def recall(store: Store, boot: int, next_id: int) -> Boot:
    """What earlier sessions of this boot have noted, as far as it can be read; raises StoreError.

    `boot` 0: nobody knows which it is.
    """

    async def work(db: Connection) -> Boot:
        meta = await settings(db)
        if boot and meta.get("boot") == boot and "boot_from" in meta:
            ids = sorted(int(key[len(AHEAD) :]) for key in meta if NOTED.fullmatch(key))
            return Boot(meta["boot_from"], [Jump(row_id, meta[f"{AHEAD}{row_id}"] / 1000) for row_id in ids])
        await _forget(db)
        await db.executemany(NOTE, [("boot", boot), ("boot_from", next_id)])
        return Boot(next_id, [])

    return await store.transaction(work)


async def save(db: Connection, jumps: Iterable[Jump]) -> None:
    """Replace what is on disk, as part of a transaction."""
    await _forget(db)
    await db.executemany(NOTE, [(f"{AHEAD}{jump.row_id}", round(jump.ahead_s * 1000)) for jump in jumps])


async def _forget(db: Connection) -> None:
    await db.execute(f"DELETE FROM meta WHERE key LIKE '{AHEAD}%'")
