"""All envelopes of an outbox file, oldest first, read by a visitor in short looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from gateway.outbox.entry import Entry
from gateway.outbox.visit.visit import look, version_of

LOOK_ROWS = 2000
"""Rows read at once: a few milliseconds in which a daemon's log can't be begun anew."""

LOOK_BYTES = 4 * 1024**2
"""Payloads read at once, but for the last one: what they may take in memory."""

COLUMNS = "id, session, seq, kind, device, time_ms, payload, crc"


class Letter(NamedTuple):
    """An envelope that is kept; `code` and `reason` say why the far end refused a dead one."""

    entry: Entry
    code: int | None = None
    reason: str | None = None


class Bundle(NamedTuple):
    """Envelopes that follow each other, and how many rows between them are not as they were written."""

    letters: list[Letter]
    torn: int
    last_id: int | None


def bundles(path: Path, *, dead: bool) -> Iterator[Bundle]:
    """All of a file; raises Unreadable, PermissionError.

    What is removed meanwhile does not appear, what is added at the end does.
    """
    after = 0
    while True:
        bundle = look(path, partial(_bundle, table="dead" if dead else "envelope", after=after))
        if bundle.last_id is None:
            return
        after = bundle.last_id
        yield bundle


def _bundle(db: sqlite3.Connection, table: str, after: int) -> Bundle:
    version = version_of(db)
    ahead = "ahead_ms" if version > 1 else "NULL"
    refusal = "code, reason" if table == "dead" else "NULL, NULL"
    sealed_from = _sealed_from(db) if version > 1 else None
    letters, torn, size, last_id = list[Letter](), 0, 0, None
    sql = f"SELECT {COLUMNS}, {ahead}, {refusal} FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
    for row_id, session, seq, kind, device, time_ms, payload, crc, ahead_ms, code, reason in db.execute(
        sql, (after, LOOK_ROWS)
    ):
        last_id = row_id
        entry = Entry(row_id, session, seq, kind, device, time_ms, payload, on_disk=True, ahead_ms=ahead_ms)
        if isinstance(payload, bytes) and _is_intact(entry, crc, sealed_from):
            letters.append(Letter(entry, code, reason))
            size += len(payload)
        else:
            torn += 1
        if size >= LOOK_BYTES:
            break
    return Bundle(letters, torn, last_id)


def _is_intact(entry: Entry, crc: int, sealed_from: int | None) -> bool:
    """By the seal that was usual when the row was written; one that was moved since carries the newer."""
    old = sealed_from is None or entry.id < sealed_from
    return crc == entry.seal() or (old and entry.is_intact(crc, entry.id + 1))


def _sealed_from(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE key = 'sealed_from'").fetchone()[0])
