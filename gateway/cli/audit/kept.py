"""The audit as it lies on disk, where no gateway runs that could be asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.cli.exits import Exit
from gateway.cli.refused import Refused
from gateway.outbox.rescue.homecoming import LOCAL
from gateway.outbox.visit.visit import Unreadable, look, version_of, with_index

ALL = -1
"""SQLite's word for no limit."""


def kept(state: Path, device: str | None, since_ms: int, limit: int | None) -> list[dict[str, Any]]:
    """The newest first; leaves no trace. Raises Refused."""
    path = state / LOCAL
    try:
        if not path.exists():
            return []
        with with_index(path) as readable:
            rows = look(readable, lambda db: _rows(db, device, since_ms, ALL if limit is None else limit))
    except Unreadable as error:
        raise Refused(Exit.DEVICE, f"{path}: {error}") from error
    except OSError as error:
        code = Exit.PERMISSION if isinstance(error, PermissionError) else Exit.INTERNAL
        raise Refused(code, f"{error}; run as the user that owns it") from error
    return [{"number": number, **msgspec.json.decode(record)} for number, record in rows]


def _rows(db: sqlite3.Connection, device: str | None, since_ms: int, limit: int) -> Sequence[tuple[int, bytes]]:
    version_of(db)
    return db.execute(
        "SELECT number, record FROM audit WHERE coalesce(time_ms, ?) >= ? AND coalesce(?, device) = device"
        " ORDER BY number DESC LIMIT ?",
        (since_ms, since_ms, device, limit),
    ).fetchall()
