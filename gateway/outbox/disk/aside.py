"""Files that an outbox can't go on with: kept beside it under another name until what they hold is rescued."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["corrupt", "newer", "adopted", "memory"]
"""Damaged; from a newer schema; of an endpoint whose outbox goes on in another that has a file already; written in
memory while the disk refused."""

SOUND: frozenset[Kind] = frozenset({"adopted", "memory"})
"""Kinds that were in nobody's place, and have a journal that counts beside that of the file they lie by."""

LOG, INDEX = "-wal", "-shm"
"""What SQLite appends to a file's name for its write-ahead log, and for that log's index."""

DRAFT, BACK = ".new", ".put-back"
"""Of a file that is being made, and of one that is whole and takes the place of one that was deleted in use."""

RESCUED = ".rescued"
"""Ends the name of a file whose rescue has ended, whatever becomes of what the current one says of that."""

DONE = -1
"""Instead of the next page to be looked at."""

STAMP = "%Y%m%dT%H%M%SZ"

MARK = r"\d{8}T\d{6}Z(?:-\d+)?"

NAME = re.compile(rf"\.(corrupt|newer|adopted|memory)-({MARK})(?:\.was-({MARK}))?(\.rescued)?")


Place = tuple[int, int]
"""Device and inode."""


class Aside(NamedTuple):
    """A file set aside. There may be no such file but only its log: then a log was damaged, or outlived its file."""

    path: Path
    kind: Kind
    stamp: str
    was: str | None = None
    """Its stamp beside an outbox that is itself set aside, and knows by it how far this one was rescued then."""
    is_rescued: bool = False

    @property
    def order(self) -> tuple[str, int]:
        """Its place among those of one outbox."""
        second, _, number = self.stamp.partition("-")
        return second, int(number or 1)

    @property
    def log(self) -> Path:
        """Its write-ahead log."""
        return log_of(self.path)

    @property
    def next_key(self) -> str:
        """In `meta`: the next page to be looked at, -1 when all were."""
        return f"rescue-{self.stamp}"

    @property
    def missing_key(self) -> str:
        """In `meta`: how many rows were there that have not been found yet; absent where nobody can tell."""
        return f"missing-{self.stamp}"

    @property
    def rescued_path(self) -> Path:
        """Where it is once it is rescued."""
        return self.path.with_name(self.path.name.removesuffix(RESCUED) + RESCUED)

    def progress(self, meta: Mapping[str, int]) -> dict[str, int]:
        """How far it is, in its own words, as the outbox beside which it was has noted that."""
        keys = {f"rescue-{self.was}": self.next_key, f"missing-{self.was}": self.missing_key}
        return {key: meta[old] for old, key in keys.items() if old in meta}


def set_aside(path: Path, kind: Kind, now_s: float) -> Aside:
    """Rename a file with its log, an empty one in place of what is gone altogether; raises OSError."""
    aside = named(path, kind, now_s)
    if path.exists():
        path.rename(aside.path)
    elif not log_of(path).exists():
        aside.path.touch()
    if log_of(path).exists():
        log_of(path).rename(aside.log)
    index_of(path).unlink(missing_ok=True)
    sync_folder(path)
    return aside


def set_log_aside(path: Path, now_s: float) -> Aside:
    """Copy a file's log, whose file goes on; raises OSError."""
    aside = named(path, "corrupt", now_s)
    draft = path.with_name(path.name + ".new-log")
    shutil.copyfile(log_of(path), draft)
    sync(draft)
    draft.rename(aside.log)
    sync_folder(path)
    return aside


def asides(path: Path) -> list[Aside]:
    """What was set aside of this outbox, oldest first."""
    found = set[Aside]()
    for file in path.parent.glob(f"{path.name}.*"):
        whole = file.with_name(file.name.removesuffix(LOG))
        match = NAME.fullmatch(whole.name.removeprefix(path.name))
        if match is not None:
            kind, stamp, was, rescued = match.groups()
            found.add(Aside(whole, kind, stamp, was, bool(rescued)))  # type: ignore[arg-type]  # NAME says
    return sorted(found, key=lambda aside: aside.order)


def rename(old: Path, new: Path) -> None:
    """With its log: first the log, since without its file it is kept, and a file without its log is not all."""
    if log_of(old).exists():
        log_of(old).rename(log_of(new))
    if old.exists():
        old.rename(new)
    index_of(old).unlink(missing_ok=True)


def delete(aside: Aside) -> None:
    """For good; raises OSError."""
    for file in (aside.path, aside.log, index_of(aside.path)):
        file.unlink(missing_ok=True)


def log_of(path: Path) -> Path:
    """The write-ahead log of a file."""
    return path.with_name(path.name + LOG)


def index_of(path: Path) -> Path:
    """The index of a file's write-ahead log."""
    return path.with_name(path.name + INDEX)


def draft_of(path: Path) -> Path:
    """A file while it is being made."""
    return path.with_name(path.name + DRAFT)


def back_of(path: Path) -> Path:
    """What was in a file that was deleted in use, until it takes its place."""
    return path.with_name(path.name + BACK)


def place_of(path: Path) -> Place | None:
    """Where a file lies, whatever its name; None if there is none."""
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None


def sync(path: Path) -> None:
    """See that a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """See that a file's name is on disk."""
    sync(path.parent)


def named(path: Path, kind: Kind, now_s: float, *, was: str | None = None, also: Iterable[Aside] = ()) -> Aside:
    """A name after all that there are, whatever the clock says: those of one second are told apart by a number.

    `also`: those elsewhere that are to lie beside it.
    """
    stamp = datetime.fromtimestamp(max(0.0, now_s), UTC).strftime(STAMP)
    second, number = max([aside.order for aside in (*asides(path), *also)], default=("", 0))
    if stamp <= second:
        stamp = f"{second}-{number + 1}"
    before = "" if was is None else f".was-{was}"
    return Aside(path.with_name(f"{path.name}.{kind}-{stamp}{before}"), kind, stamp, was)
