"""A fresh file where there is none, or in place of one that could not go on. Everything here waits for the disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from gateway.outbox.disk.aside import (
    SOUND,
    Aside,
    Kind,
    Place,
    asides,
    back_of,
    draft_of,
    index_of,
    log_of,
    place_of,
    set_aside,
    set_log_aside,
    sync_folder,
)
from gateway.outbox.disk.opening import drop_draft, finish_draft, make
from gateway.outbox.disk.wreck import Wreck, written_s
from gateway.outbox.entry import IDS_PER_SESSION
from gateway.outbox.noted import NOTHING, Noted

CARRIED = ("rescue-", "missing-")
"""Settings that a fresh file takes over: how far files that were set aside before are rescued."""

BOOT = ("boot", "boot_from")
"""Settings that hold as long as a session does."""

LAST_ID_KEY = "last_id"
"""A setting of a file that was moved from memory: the last id in it, which may be that of many sessions later."""

CONSEQUENCE = (
    "a fresh one is begun; what can be read is rescued in the background; commands that write are refused for now"
)

log = structlog.get_logger("fieldgate.outbox")


class Ready(NamedTuple):
    """There is a file: what its session must be above, and what it has to know of another that was in its place."""

    above: float = 0
    said: Mapping[str, int] = {}


class Torn(NamedTuple):
    """A log that SQLite has not read to its end: what it says that is not in the file, and where it is kept."""

    aside: Aside
    transactions: int
    session: int
    rows: int | None
    """Rows as of its end; None if that can't be read."""


def put_aside(path: Path, kind: Kind, now_s: float, reason: str) -> Aside:
    """Set a file aside that can't go on, and say so; raises OSError."""
    aside = set_aside(path, kind, now_s)
    log.error("outbox file set aside", file=str(path), reason=reason, kept_as=str(aside.path), and_now=CONSEQUENCE)
    return aside


def keep_back(path: Path) -> Place | None:
    """A draft that holds all that was in a file is whole; returns where it lies. Raises sqlite3.Error, OSError."""
    finish_draft(draft_of(path))
    draft_of(path).rename(back_of(path))
    sync_folder(path)
    return place_of(back_of(path))


def put_back(path: Path, now_s: float, own: Collection[Place | None] = ()) -> Aside | None:
    """Let what was kept of a file that was deleted in use take its place; goes on where it was cut. Raises OSError.

    A stranger in its place is set aside and returned; `own` are files that are none. A log without its file would be
    taken for the new one's.
    """
    back, stranger = back_of(path), None
    if not back.exists():
        return None
    if place_of(log_of(path)) in own:
        log_of(path).unlink(missing_ok=True)
    if place_of(path) not in (None, *own):
        stranger = put_aside(path, "corrupt", now_s, "another one, written anew from what was in use, takes its place")
    log_of(path).unlink(missing_ok=True)
    index_of(path).unlink(missing_ok=True)
    sync_folder(path)
    back.rename(path)
    sync_folder(path)
    return stranger


def note_absence(path: Path, now_s: float) -> None:
    """What was in a file that nobody has set aside, and that is gone, is lost; raises OSError."""
    if not (path.exists() or back_of(path).exists()):
        put_aside(path, "corrupt", now_s, "it is gone")


def ensure(path: Path, now_s: float, session: int | None = None) -> Ready:
    """Make the file if there is none; `session` goes on in it, if given. Raises OSError, sqlite3.Error."""
    stranger = put_back(path, now_s)
    drop_draft(path)
    if stranger is not None:
        return _beside(path, stranger)
    with suppress(FileNotFoundError):
        if path.stat().st_size > 0:
            return Ready(last_session(aside.path for aside in asides(path) if aside.kind == "memory") + 1)
        put_aside(path, "corrupt", now_s, "it is empty")
    if log_of(path).exists():
        put_aside(path, "corrupt", now_s, "only its log is left")
    before = asides(path)
    above = last_session(aside.path for aside in before) + 1
    gone = [aside for aside in before if aside.kind not in SOUND]
    if gone:
        _follow(path, gone[-1], session)
    else:
        make(path, {})
    return Ready(above)


def keep_torn(path: Path, now_s: float, transactions: int) -> Torn:
    """Keep a copy of a log of which SQLite has dropped so many transactions, and say so; raises OSError."""
    aside = set_log_aside(path, now_s)
    with Wreck(aside.path) as wreck:
        said = wreck.meta()
    log.error("outbox log damaged", file=str(path), transactions=transactions, kept_as=str(aside.log))
    return Torn(aside, transactions, said.get("session", 0), said.get("rows"))


def last_session(files: Iterable[Path]) -> float:
    """None in these files is higher, nor has ids that are, as far as that can be known; -1 if there are none.

    A session begins before its file is written.
    """
    return max(map(_last_session, files), default=-1)


def _last_session(path: Path) -> float:
    said = _meta(path)
    return max(said.get("session", 0), said.get(LAST_ID_KEY, 0) // IDS_PER_SESSION, written_s(path))


def _meta(path: Path) -> dict[str, int]:
    with suppress(OSError), Wreck(path) as wreck:
        return wreck.meta()
    return {}


def _beside(path: Path, stranger: Aside) -> Ready:
    """Rows that both hold are not missing."""
    with Wreck(path) as wreck:
        rows = wreck.meta().get("rows", 0)
    missing = max(0, _meta(stranger.path).get("rows", 0) - rows)
    return Ready(last_session([stranger.path]) + 1, {stranger.next_key: 0, stranger.missing_key: missing})


def _losses(aside: Aside) -> Noted:
    with suppress(OSError), Wreck(aside.path) as wreck:
        return wreck.losses()
    return NOTHING


def _follow(path: Path, gone: Aside, session: int | None) -> None:
    """A fresh file after one that was set aside."""
    old = _meta(gone.path)
    kept = {key: value for key, value in old.items() if key.startswith(CARRIED) or (session and key in BOOT)}
    said = {"session": session or old.get("session", 0), "clean": 0, "journal_lost": 1}
    if gone.is_rescued:
        make(path, {**kept, **said})
        return
    if "rows" in old:
        kept[gone.missing_key] = old["rows"]
    make(path, {**kept, **said, gone.next_key: 0}, _losses(gone))
