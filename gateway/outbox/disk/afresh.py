"""A fresh file where there is none, or in place of one that could not go on. Everything here waits for the disk."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from gateway.outbox.disk.aside import SOUND, Aside, Kind, asides, log_of, set_aside, set_log_aside
from gateway.outbox.disk.opening import IDS_PER_SESSION, make
from gateway.outbox.disk.wreck import Wreck, written_s

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


def ensure(path: Path, now_s: float, session: int | None = None) -> float:
    """Make the file if there is none; `session` goes on in it, if given. Returns what its session must be above.

    Raises OSError, sqlite3.Error.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_size > 0:
            return last_session(aside.path for aside in asides(path) if aside.kind == "memory") + 1
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
    return above


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


def _follow(path: Path, gone: Aside, session: int | None) -> None:
    """A fresh file after one that was set aside."""
    old = _meta(gone.path)
    kept = {key: value for key, value in old.items() if key.startswith(CARRIED) or (session and key in BOOT)}
    if "rows" in old:
        kept[gone.missing_key] = old["rows"]
    said = {"session": session or old.get("session", 0), "clean": 0, "journal_lost": 1, gone.next_key: 0}
    make(path, {**kept, **said})
