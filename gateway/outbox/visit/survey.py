"""What an outbox file holds, counted by a visitor; and which files belong to which endpoint."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from gateway.outbox.disk.aside import Aside, asides, back_of, index_of, log_of
from gateway.outbox.entry import READING
from gateway.outbox.rescue.adoption import path_of
from gateway.outbox.visit.visit import look, size_of, version_of

FILE = re.compile(r"outbox-(?P<endpoint>[A-Za-z0-9_-]{1,64})\.db(?:\..+)?")
"""An outbox, or what was set aside of one."""

RESCUED = -1
"""In place of the next page to rescue: there is none."""


class Survey(NamedTuple):
    """What is in a file at one moment.

    `bytes`: used pages and log. `newer`: waiting rows with a higher id than was asked for. `is_oldest_unsynced`: the
    oldest was stamped by a clock that nobody had set. Counts of losses are None where nobody can tell. `meta`: what
    the file notes of itself.
    """

    rows: int
    readings: int
    bytes: int
    oldest_ms: int | None
    is_oldest_unsynced: bool
    last_id: int
    newer: int
    dead: int
    lost: Mapping[str, int]
    untold: Mapping[str, int | None]
    meta: Mapping[str, int]


class Files(NamedTuple):
    """The files of one endpoint; `current` may not exist."""

    current: Path
    set_aside: tuple[Aside, ...]


def files(state: Path) -> dict[str, Files]:
    """By endpoint, whatever of theirs is in a state directory; raises OSError where it can't be listed."""
    matches = [FILE.fullmatch(path.name) for path in state.iterdir()]
    names = sorted({match["endpoint"] for match in matches if match is not None})
    return {name: Files(path_of(state, name), tuple(asides(path_of(state, name)))) for name in names}


def parts(path: Path) -> list[Path]:
    """An outbox file, its log and the log's index, and what shall take its place, as far as they exist."""
    return [part for part in (path, log_of(path), index_of(path), back_of(path)) if part.exists()]


def bytes_of(path: Path) -> int:
    """What a file and its log take on disk."""
    return size_of(path) + size_of(log_of(path))


def survey(path: Path, since_id: int = 0) -> Survey:
    """Counts from counters and indexes, never by reading everything; raises Unreadable, PermissionError."""
    counted = look(path, partial(_count, since_id=since_id))
    return counted._replace(bytes=counted.bytes + size_of(log_of(path)))


def _count(db: sqlite3.Connection, since_id: int) -> Survey:
    version = version_of(db)
    meta: dict[str, int] = dict(db.execute("SELECT key, value FROM meta").fetchall())
    others = _number(db, f"SELECT count(*) FROM envelope WHERE kind <> '{READING}'")
    last_id = _number(db, "SELECT coalesce(max(id), 0) FROM envelope")
    ahead = "ahead_ms" if version > 1 else "NULL"
    oldest = db.execute(f"SELECT time_ms, {ahead} FROM envelope ORDER BY id LIMIT 1").fetchone()
    pages = _number(db, "PRAGMA page_count") - _number(db, "PRAGMA freelist_count")
    return Survey(
        rows=meta["rows"],
        readings=max(0, meta["rows"] - others),
        bytes=pages * _number(db, "PRAGMA page_size"),
        oldest_ms=oldest and oldest[0],
        is_oldest_unsynced=bool(oldest) and oldest[1] is not None,
        last_id=last_id,
        newer=_number(db, "SELECT count(*) FROM envelope WHERE id > ?", since_id) if since_id else 0,
        dead=_number(db, "SELECT count(*) FROM dead"),
        lost=dict(db.execute("SELECT reason, count FROM lost").fetchall()) if version > 1 else {},
        untold=_untold(db) if version > 1 else {},
        meta=meta,
    )


def _untold(db: sqlite3.Connection) -> dict[str, int | None]:
    found = db.execute("SELECT reason, sum(count), count(*) > count(count) FROM loss GROUP BY reason").fetchall()
    return {reason: None if nobody_can_tell else count for reason, count, nobody_can_tell in found}


def _number(db: sqlite3.Connection, sql: str, *parameters: object) -> int:
    return int(db.execute(sql, parameters).fetchone()[0])
