"""What the file system says of a file, so that another content shows without reading it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """Another one: other content, or other rights. Through symlinks: whoever swaps one swaps the file."""

    device: int
    inode: int
    size: int
    modified_ns: int
    mode: int
    owner: int


def stamp_of(path: Path) -> Stamp | None:
    """None if there is no such file, or it can't be looked at."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_uid)
