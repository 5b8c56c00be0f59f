"""The rows of an outbox file: what the statements of a transaction do to them, and what they cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from aiosqlite import Connection

from gateway.outbox.disk.opening import UnreadableError, settings
from gateway.outbox.entry import LANE_OF, READING, Entry, Stamp

ROW_OVERHEAD_BYTES = 64
"""What a row costs beside its payload: record header, key, crc, its share of the pages' slack (measured)."""


def number(column: str) -> str:
    """SQL for a number, whatever damage has made of it."""
    return f"coalesce(CAST({column} AS INTEGER), 0)"


COLUMNS = "id, session, seq, kind, device, time_ms, payload, crc, ahead_ms"

IS_FIRST = f"kind <> '{READING}'"
"""Of a row that never waits behind readings: there is an index of these."""

IS_READING = f"(kind = '{READING}' OR kind NOT IN ({', '.join(repr(kind) for kind in LANE_OF if kind != READING)}))"
"""Of a row whose kind is none: no other query would find it, and its seal is broken."""

OLDEST = f"SELECT id, {number('session')}, {number('time_ms')}, ahead_ms IS NOT NULL FROM envelope ORDER BY id LIMIT 1"

INSERT = f"INSERT INTO envelope ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

COUNT = "UPDATE meta SET value = value + CASE key WHEN 'rows' THEN ? ELSE ? END WHERE key IN ('rows', 'bytes')"

SIZE = f"coalesce(length(payload), 0) + {ROW_OVERHEAD_BYTES}"
"""What a row is counted as; a damaged one may have no payload."""

DELETE = f"DELETE FROM envelope WHERE id IN (SELECT value FROM json_each(?)) RETURNING id, {SIZE}"

Statements = list[tuple[str, Iterable[Sequence[object]]]]
"""SQL, and the parameters of each time it is executed."""


class Depth(NamedTuple):
    """What waits on disk; `bytes` with what the rows cost beside their payloads."""

    rows: int
    bytes: int
    oldest: Stamp | None


def insert_statements(entries: Sequence[Entry]) -> Statements:
    """Put these envelopes on disk and count them."""
    return [(INSERT, [row_of(entry) for entry in entries]), (COUNT, [(len(entries), size_of(entries))])]


async def insert(db: Connection, entries: Iterable[Entry]) -> None:
    """Put these envelopes on disk, not counted yet."""
    await db.executemany(INSERT, [row_of(entry) for entry in entries])


async def depth(db: Connection) -> Depth:
    """How much waits on disk, from counters and the index: never a scan. Raises UnreadableError."""
    said = await settings(db)
    if not {"rows", "bytes"} <= said.keys():
        raise UnreadableError("its counters can't be read")
    return Depth(said["rows"], said["bytes"], await oldest(db))


async def oldest(db: Connection) -> Stamp | None:
    """The stamp of the row that waits longest."""
    for row in await db.execute_fetchall(OLDEST):
        return Stamp(*row)
    return None


async def delete(db: Connection, ids: Collection[int]) -> dict[int, int]:
    """Remove these envelopes, not counted yet; returns what was really there: sizes by id."""
    if not ids:
        return {}
    found = await db.execute_fetchall(DELETE, (_json(ids),))
    return {int(row_id): int(size) for row_id, size in found}


async def present(db: Connection, ids: Collection[int]) -> set[int]:
    """Which of these envelopes are on disk."""
    if not ids:
        return set()
    found = await db.execute_fetchall(
        "SELECT id FROM envelope WHERE id IN (SELECT value FROM json_each(?))", (_json(ids),)
    )
    return {int(row_id) for (row_id,) in found}


async def count(db: Connection, rows: int, size: int) -> None:
    """Note how many more, or fewer, there are now."""
    await db.execute(COUNT, (rows, size))


def _json(ids: Collection[int]) -> str:
    return f"[{','.join(map(str, ids))}]"


def size_of(entries: Iterable[Entry]) -> int:
    """What these envelopes take on disk."""
    return sum(len(entry.payload) + ROW_OVERHEAD_BYTES for entry in entries)


def entry_of(row: Sequence[Any], sealed_from: int) -> Entry | None:
    """An envelope as it stands in the table; None if it is not as it was written."""
    row_id, session, seq, kind, device, time_ms, payload, crc, ahead_ms = row
    entry = Entry(row_id, session, seq, kind, device, time_ms, payload, on_disk=True, ahead_ms=ahead_ms)
    try:
        is_intact = entry.is_intact(crc, sealed_from) or entry.is_intact(
            crc, 0
        )  # rescued ones are old, but sealed anew
    except TypeError:  # damage has left no payload
        return None
    return entry if is_intact else None


def row_of(entry: Entry) -> tuple[object, ...]:
    """What the table is given of an envelope, sealed."""
    return (
        entry.id,
        entry.session,
        entry.seq,
        entry.kind,
        entry.device,
        entry.time_ms,
        entry.payload,
        entry.seal(),
        entry.ahead_ms,
    )
