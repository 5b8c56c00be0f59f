"""Outboxes in memory while the disk refuses: made ready to be worked in, and moved to the disk when it takes writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path

import structlog

from gateway.outbox.disk import ballast
from gateway.outbox.disk.afresh import LAST_ID_KEY, last_session
from gateway.outbox.disk.aside import Aside, asides, delete, index_of, log_of, named, rename, sync, sync_folder
from gateway.outbox.disk.opening import LAST_ID, SETTING, make
from gateway.outbox.disk.store import StoreError
from gateway.outbox.disk.wreck import Wreck
from gateway.outbox.entry import IDS_PER_SESSION, MAX_SESSION
from gateway.outbox.rescue.adoption import FILE, left_by, path_of

MEMORIES = ("memory.json", "endpoints.json")
"""What adapters have learned of their devices, and endpoints of their far ends."""

LOCAL = "local.db"
"""What was commanded, and from the box itself."""

MERGE = """
BEGIN;
INSERT INTO home.audit (time_ms, device, record) SELECT time_ms, device, record FROM main.audit ORDER BY number;
INSERT OR IGNORE INTO home.journal SELECT * FROM main.journal;
DELETE FROM main.audit;
COMMIT;
"""

LEAVING = "leaving"
"""A folder of what is about to be moved: no outbox rescues it meanwhile, so that nothing is counted twice."""

DRAFT = "arriving"

PIECE_BYTES = 1024**2
"""Put on disk at once: the slowest card does it many times while systemd waits for a sign of life."""

log = structlog.get_logger("fieldgate.outbox")


def furnish(refuge: Path, state: Path, endpoints: Collection[str]) -> None:
    """Make what is not there from a run before; raises OSError, StoreError.

    What was executed before is not known there, and sessions go on from those on the disk, as far as it can be read.
    """
    for path in (refuge / LOCAL, *(path_of(refuge, name) for name in endpoints)):
        if path.exists():
            continue
        at_home, leaving = state / path.name, refuge / LEAVING / path.name
        before = [at_home, *(aside.path for aside in asides(leaving))]
        with suppress(OSError):  # a disk that can't even be looked at
            before += [aside.path for aside in asides(at_home)]
        try:
            make(path, {"session": max(0, int(last_session(before))), "journal_lost": 1})
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
    for name in MEMORIES:
        if not (refuge / name).exists():
            with suppress(OSError):  # it is learned again
                _copy(state / name, refuge)


def bring_home(refuge: Path, state: Path, now_s: float, alive: Callable[[], object] = lambda: None) -> None:
    """Move what a run in memory has left; nobody works in either folder. Raises OSError; what is moved is on disk then.

    Each outbox is set aside beside that of its name, to be rescued like any other; cut short, it is gone on with.
    `alive` is called with each piece.
    """
    leaving = refuge / LEAVING
    leaving.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(refuge.glob("outbox-*.db")):
        if FILE.fullmatch(path.name):
            _pack(path, leaving / path.name, state / path.name, now_s)
    try:
        for aside in _packed(leaving):
            _carry(aside, state, alive)
            log.info("outbox moved from memory to the disk", file=str(state / aside.path.name))
    except OSError:
        _unpack(leaving, state)
        raise
    _move_local(refuge / LOCAL, state / LOCAL, alive)
    for memory in (refuge / name for name in MEMORIES):
        if memory.exists():
            _copy(memory, state)
            memory.unlink()
    ballast.drop(refuge)


def _move_local(path: Path, home: Path, alive: Callable[[], object]) -> None:
    """What was commanded meanwhile, and by whom on the box: all of it becomes part of what is known there."""
    if not path.exists():
        return
    with suppress(sqlite3.Error):  # what is damaged is left where it is found, and logged by its next opening
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if home.exists():
                db.execute("ATTACH ? AS home", (str(home),))
                db.executescript(MERGE)
        if not home.exists():
            _copy(path, home.parent, alive)
        for file in (path, log_of(path), index_of(path)):
            file.unlink(missing_ok=True)


def bytes_in(refuge: Path) -> int:
    """What there may be to move."""
    return sum(file.stat().st_size for file in refuge.rglob("*") if file.is_file())


def _pack(path: Path, leaving: Path, at_home: Path, now_s: float) -> None:
    """Give an outbox, and what was set aside of it, the names that they are to have on the disk."""
    _note_last_id(path)
    for file, stamp in left_by(path, asides(path)):
        aside = named(leaving, "memory", now_s, was=stamp, also=asides(at_home))
        rename(file, aside.path)


def _note_last_id(path: Path) -> None:
    """Its sessions may have more ids than the wall clock tells, if that was set back; writes its log back, too.

    Not where SQLite would drop what follows the damage in a log.
    """
    with Wreck(path) as wreck:
        if not wreck.is_log_whole:
            return
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as db:
        last_id = int(db.execute(LAST_ID).fetchone()[0])
        if last_id < MAX_SESSION * IDS_PER_SESSION:
            db.execute(SETTING, (LAST_ID_KEY, last_id))


def _packed(leaving: Path) -> Iterator[Aside]:
    """In the order in which they are to be rescued."""
    names = {_outbox_of(file) for file in leaving.iterdir()}
    for name in sorted(names):
        yield from asides(leaving / name)


def _carry(aside: Aside, state: Path, alive: Callable[[], object]) -> None:
    for file in (aside.log, aside.path):  # without its file a log is kept; a file without its log is not all
        if file.exists() and not (state / file.name).exists():
            _copy(file, state, alive)
    delete(aside)


def _unpack(leaving: Path, state: Path) -> None:
    """Let outboxes that could not be moved go on in memory: with each new one there would be more in it."""
    for aside in reversed(list(_packed(leaving))):
        path = leaving.parent / _outbox_of(aside.path)
        if not path.exists() and not (state / aside.path.name).exists():
            rename(aside.path, path)


def _outbox_of(file: Path) -> str:
    """The name that a file set aside had."""
    return file.name.partition(".db.")[0] + ".db"


def _copy(file: Path, folder: Path, alive: Callable[[], object] = lambda: None) -> None:
    """To another file system: there as a whole or not at all, and on disk when this returns; raises OSError."""
    draft, target = folder / DRAFT, folder / file.name
    draft.unlink(missing_ok=True)
    try:
        with file.open("rb") as source, draft.open("xb") as copy:
            while piece := source.read(PIECE_BYTES):
                copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
                alive()
        os.utime(draft, (file.stat().st_atime, file.stat().st_mtime))
        sync(draft)
        draft.rename(target)
    except OSError:
        with suppress(OSError):  # a full disk needs the room
            draft.unlink(missing_ok=True)
        raise
    sync_folder(target)
