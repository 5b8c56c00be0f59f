"""Which commands were claimed, and how they ended: a table of the outbox file, so that result and end are one."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import msgspec

from gateway.commands.audit import NOT_KNOWN, Asked
from gateway.model import LAST_MS, Result
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.entry import Entry

CLAIM = "INSERT INTO journal (id, device, claimed_ms, asked) VALUES (?, ?, ?, ?)"

PRUNE_EVERY = 200
"""Claims between two looks at the journal's limits."""


class Open(NamedTuple):
    """A command that was under way when the last process ended."""

    command: str
    device: str
    asked: Asked


class Known(NamedTuple):
    """A command that was claimed before; `result` is None while it is under way."""

    device: str
    result: Result | None


class Journal:
    """The commands of one origin. Every method raises StoreError when the disk won't.

    `now_ms` is a clock that is never set (`gateway.clock.steady_ms`). Ages count the time at work alone: where that
    clock begins after a restart may be wrong by years, and what is forgotten could be executed again.
    """

    def __init__(self, store: Store, max_age_s: float, max_bytes: int) -> None:
        self._store = store
        self._max_age_s = max_age_s
        self._max_bytes = max_bytes
        self._claims = 0
        self._is_learned = False
        self._newest_ms: int | None = None
        """The newest stamp on disk when this began, if there was one; its clock goes on from there."""
        self._ahead_ms: int | None = None

    async def find(self, command: str) -> Known | None:
        """The command of this id, if it was ever claimed."""
        await self._learn()
        rows = await self._store.rows("SELECT device, result FROM journal WHERE id = ?", (command,))
        return Known(rows[0][0], _decoded(rows[0][1])) if rows else None

    async def claim(self, command: str, device: str, now_ms: int, asked: Asked) -> None:
        """On disk before it is executed; only for an id that `find` does not know."""
        now_ms = self._stamp_ms(now_ms)
        row = (command, device, now_ms, msgspec.json.encode(asked))
        await self._store.write([(CLAIM, [row])])
        self._claims += 1
        if self._claims % PRUNE_EVERY == 1:
            with suppress(StoreError):  # the claim stands; the limits are looked at again later
                await self._prune(now_ms)

    async def finish(self, command: str, result: Result, now_ms: int, entry: Entry | None) -> None:
        """The end of the command and the envelope that tells it, if it is not on its way yet, in one transaction."""
        done = "UPDATE journal SET finished_ms = ?, result = ? WHERE id = ? AND result IS NULL"
        told = insert_statements([entry]) if entry is not None else []
        row = (self._stamp_ms(now_ms), msgspec.json.encode(result), command)
        await self._store.write([(done, [row]), *told])

    async def unfinished(self) -> list[Open]:
        """Commands that were under way when the last process ended."""
        await self._learn()
        rows = await self._store.rows("SELECT id, device, asked FROM journal WHERE result IS NULL ORDER BY claimed_ms")
        return [Open(command, device, _asked(asked)) for command, device, asked in rows]

    async def _learn(self) -> None:
        if not self._is_learned:
            newest = "SELECT max(max(claimed_ms, coalesce(finished_ms, claimed_ms))) FROM journal WHERE claimed_ms <= ?"
            self._newest_ms = (await self._store.rows(newest, (LAST_MS,)))[0][0]
            self._is_learned = True

    def _stamp_ms(self, now_ms: int) -> int:
        if self._ahead_ms is None:
            self._ahead_ms = 0 if self._newest_ms is None else self._newest_ms - now_ms
        return now_ms + self._ahead_ms

    async def _prune(self, now_ms: int) -> None:
        """Hold the limits of age and size; what is under way stays."""
        cutoff_ms = now_ms - int(self._max_age_s * 1000)
        finished = "DELETE FROM journal WHERE result IS NOT NULL AND"
        size = "length(result) + length(id) + coalesce(length(asked), 0) + 64"
        sized = f"(SELECT id, sum({size}) OVER (ORDER BY claimed_ms DESC, id) AS size FROM journal)"
        await self._store.write(
            [
                (f"{finished} claimed_ms < ?", [(cutoff_ms,)]),
                (f"{finished} id IN (SELECT id FROM {sized} WHERE size > ?)", [(self._max_bytes,)]),
            ]
        )


def _asked(asked: bytes | None) -> Asked:
    try:
        return msgspec.json.decode(asked, type=Asked) if asked is not None else NOT_KNOWN
    except msgspec.DecodeError:
        return NOT_KNOWN


def _decoded(result: bytes | None) -> Result | None:
    return msgspec.json.decode(result, type=Result) if result is not None else None
