"""An outbox file as a visitor reads it: beside a daemon that writes it, and without leaving a trace."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from gateway.outbox.disk.aside import index_of, log_of
from gateway.outbox.disk.opening import SCHEMA_VERSION, code_of, is_corrupt

ATTEMPTS = 20
"""Looks that a daemon which starts or stops may spoil, before it is called a fault."""

PATIENCE_S = 3.0
"""Or until so much time has passed: a log without a sound header keeps SQLite itself trying for some 10 s."""

PAUSE_S = 0.05
"""Between attempts."""

PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""What a daemon that starts or stops may cause."""

NONSENSE = (UnicodeDecodeError, LookupError, TypeError)
"""What comes of names, keys and values that are not as they were written, where SQLite does not notice."""

SPARE_BYTES = 16 * 1024**2
"""What a copy leaves free on its disk, for those who have to write there."""

T = TypeVar("T")


class Unreadable(Exception):
    """The file can't be read, and why, in a sentence."""


class NewerFile(Unreadable):
    """The file is of a later version of fieldgate."""


class _Shape(NamedTuple):
    """What tells whether a file that nobody had open has stayed as it was."""

    inode: int
    size: int
    changed_ns: int
    log_bytes: int | None


def look(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """What `work` reads, all at one moment; `work` may be called again. Raises Unreadable, PermissionError.

    Each look is a short transaction on a connection of its own, so that a daemon's log is never held for long.
    """
    reason, began_s = "", time.monotonic()
    for attempt in range(ATTEMPTS):
        if attempt:
            if time.monotonic() > began_s + PATIENCE_S:
                break
            time.sleep(PAUSE_S)
        before = _shape(path)
        try:
            result = _read(path, work, before.log_bytes)
        except sqlite3.Error as error:
            reason = _sentence(error)
            if code_of(error) not in PASSING and _shape(path) == before:
                raise Unreadable(reason) from error
        except NONSENSE as error:
            reason = "damaged: what it holds makes no sense"
            if _shape(path) == before:
                raise Unreadable(reason) from error
        else:
            if before.log_bytes or _shape(path) == before:
                return result
            reason = "it changes while it is read"
    raise Unreadable(reason)


@contextmanager
def with_index(path: Path, *rooms: Path) -> Iterator[Path]:
    """The file; or a copy that can be looked at, where its log has no index. Raises OSError.

    So it is with a file that was set aside. Nobody writes it, since every writer makes an index. The copy is
    made in the first of these folders that has room for it, else beside the file.
    """
    if index_of(path).exists() or not (path.exists() and size_of(log_of(path))):
        yield path
        return
    with TemporaryDirectory(prefix=".fieldgate-", dir=_roomy(path, (*rooms, path.parent))) as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log_of(path), log_of(copy))
        index_of(copy).touch()
        yield copy


def _roomy(path: Path, folders: Iterable[Path]) -> Path:
    """Where a copy may be made: seldom in memory, as /tmp often is, and not to the last byte of a disk."""
    need = size_of(path) + size_of(log_of(path))
    for folder in folders:
        if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= need + SPARE_BYTES:
            return folder
    sentence = (
        f"its log can be read in a copy only, and there is no room for {need / 1024**2:.0f} MiB: "
        "write with -o to a disk that has it"
    )
    raise OSError(errno.ENOSPC, sentence, str(path))


def version_of(db: sqlite3.Connection) -> int:
    """The schema of a file; raises Unreadable where this version can't read it."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise NewerFile(f"from a newer fieldgate (schema {version}, this one knows {SCHEMA_VERSION})")
    if version < 1:
        raise Unreadable("not an outbox, or one that is just being made")
    return version


def size_of(path: Path) -> int:
    """Bytes of a file, 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read(path: Path, work: Callable[[sqlite3.Connection], T], log_bytes: int | None) -> T:
    """SQLite itself would make a log and its index beside a file that has none, and leave them there."""
    if not log_bytes:
        how = "immutable=1"
    elif index_of(path).exists():
        how = "readonly_shm=1"
    else:
        raise Unreadable(
            f"its log has no index ({index_of(path).name}), and looking makes none: the daemon does when it starts, "
            "`fieldgate outbox export` works on a copy"
        )
    for file in (path, log_of(path)) if log_bytes else (path,):
        file.open("rb").close()  # of permissions the operating system says more than SQLite
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&{how}", uri=True, isolation_level=None)) as db:
        db.text_factory = _text
        db.execute("BEGIN")
        return work(db)


def _shape(path: Path) -> _Shape:
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise Unreadable("there is no such file") from None
    log_bytes = size_of(log_of(path)) or None
    return _Shape(stat.st_ino, stat.st_size, stat.st_mtime_ns, log_bytes)


def _text(stored: bytes) -> str:
    """Damaged text spoils its own row, by the seal, and not the whole look."""
    return stored.decode(errors="replace")


def _sentence(error: sqlite3.Error) -> str:
    return f"damaged: {error}" if is_corrupt(error) else str(error)
