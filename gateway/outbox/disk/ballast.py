"""A little room that is given up when the disk is full at a start: SQLite needs some to open a file at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

BALLAST_BYTES = 512 * 1024
"""A log's index (32 KiB), a session's first commits, and as much again for other outboxes."""

MIN_FREE = 16
"""It is made where there is so many times its room: on a small disk it would be what fills it."""


def keep(folder: Path) -> None:
    """Have it, if there is room for it."""
    path = _path(folder)
    with suppress(OSError):
        disk = os.statvfs(folder)
        if path.exists() or disk.f_bavail * disk.f_frsize < MIN_FREE * BALLAST_BYTES:
            return
        with path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)


def drop(folder: Path) -> bool:
    """Give it up; False if there is none."""
    try:
        _path(folder).unlink()
    except OSError:
        return False
    return True


def _path(folder: Path) -> Path:
    return folder / "ballast"
