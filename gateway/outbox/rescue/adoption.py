"""Outbox files of endpoints that have another name now, or left the configuration."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from aiosqlite import Connection

from gateway.outbox.disk.afresh import put_back
from gateway.outbox.disk.aside import DONE, SOUND, Aside, asides, delete, log_of, named, rename, sync_folder
from gateway.outbox.disk.opening import SETTING
from gateway.outbox.disk.store import CorruptError
from gateway.outbox.disk.wreck import Wreck
from gateway.outbox.noted import LOSS_MERGED, LOST_ADDED, Noted, row_of
from gateway.outbox.outbox import Outbox

FILE = re.compile(r"outbox-([A-Za-z0-9_-]+)\.db")

JOURNAL = "SELECT id, device, claimed_ms, finished_ms, result FROM journal"

COPY = "INSERT OR IGNORE INTO journal (id, device, claimed_ms, finished_ms, result) VALUES (?, ?, ?, ?, ?)"

log = structlog.get_logger("fieldgate.outbox")


class Will(NamedTuple):
    """What an outbox leaves to the one that goes on: its journal, None if unknown; its settings; what was lost."""

    claims: list[tuple[Any, ...]] | None
    said: Mapping[str, int]
    losses: Noted


def path_of(state: Path, endpoint: str) -> Path:
    """Where an endpoint's outbox is."""
    return state / f"outbox-{endpoint}.db"


def adopt(state: Path, endpoint: str, was: str, now_s: float) -> None:
    """Let an endpoint have the outbox of the name that it had; raises OSError.

    Where it has one of its own already, the old one is set aside, to be rescued like any other.
    """
    old, own = path_of(state, was), path_of(state, endpoint)
    put_back(old, now_s)
    put_back(own, now_s)
    before = asides(old)
    if not (before or old.exists() or log_of(old).exists()):
        return
    if asides(own) or own.exists() or log_of(own).exists():
        for file, stamp in left_by(old, before):
            if file.exists() or log_of(file).exists():
                rename(file, named(own, "adopted", now_s, was=stamp).path)
        sync_folder(own)
        log.info("outbox adopted", endpoint=endpoint, was=was, into=str(own))
        return
    for aside in before:
        moved = own.with_name(own.name + aside.path.name.removeprefix(old.name))
        rename(aside.path, moved)
    rename(old, own)
    sync_folder(own)
    log.info("outbox adopted", endpoint=endpoint, was=was)


def left_by(old: Path, before: list[Aside]) -> list[tuple[Path, str | None]]:
    """What of these may still hold something, then the outbox itself; the others are deleted.

    With its stamp, where the outbox has taken over all but its rows. To be moved in this order, so that what is cut
    short is gone on with.
    """
    with Wreck(old) as wreck:
        said = wreck.meta()
    left = list[tuple[Path, str | None]]()
    for aside in before:
        if aside.is_rescued or said.get(aside.next_key) == DONE:
            delete(aside)
        else:
            left.append((aside.path, aside.stamp if aside.next_key in said else aside.was))
    return [*left, (old, None)]


def unused(state: Path, endpoints: Collection[str]) -> list[str]:
    """Names of endpoints that have an outbox here and are not configured."""
    names = [match[1] for path in state.glob("outbox-*.db") if (match := FILE.fullmatch(path.name))]
    return sorted(set(names) - set(endpoints))


def warn_of_unused(state: Path, endpoints: Collection[str]) -> None:
    """One line for all of them."""
    names = unused(state, endpoints)
    if names:
        hint = "`fieldgate outbox` shows what waits in them; `was: NAME` gives one to an endpoint with another name"
        log.warning("outboxes of endpoints that are not configured", endpoints=names, hint=hint)


async def take_over(outbox: Outbox) -> None:
    """Go on from what sound files set aside say beside their rows, once, before any command is executed.

    Their journals, and the losses that they have not told; and how far they have rescued what was set aside before
    them. Raises StoreError.
    """
    try:
        known = {key for (key,) in await outbox.store.rows("SELECT key FROM meta")}
    except CorruptError:  # there is a fresh file now
        known = {key for (key,) in await outbox.store.rows("SELECT key FROM meta")}
    parts = list[Aside]()
    for aside in await asyncio.to_thread(asides, outbox.store.file.path):
        if aside.kind not in SOUND or aside.is_rescued or aside.next_key in known:
            continue
        if aside.was is not None:
            parts.append(aside)
        else:
            await _take(outbox, aside, parts, await asyncio.to_thread(_read, aside))
            parts = []


async def _take(outbox: Outbox, aside: Aside, parts: list[Aside], will: Will) -> None:
    """`parts`: what was set aside of it before, and is not rescued yet."""
    said = {aside.next_key: 0}
    for part in parts:
        said |= part.progress(will.said)
    if "rows" in will.said:
        said[aside.missing_key] = will.said["rows"]
    if will.claims is None or parts:  # what is damaged may have a journal, too
        said["journal_lost"] = 1

    async def change(db: Connection) -> None:
        await db.executemany(COPY, will.claims or [])
        await db.executemany(LOSS_MERGED, [row_of(gap, 0) for gap in will.losses.gaps])
        await db.executemany(LOST_ADDED, [(reason.value, number) for reason, number in will.losses.total.items()])
        await db.executemany(SETTING, said.items())

    await outbox.store.transaction(change)
    outbox.take_over(will.losses)
    if "journal_lost" in said:
        await outbox.store.file.look_for_journal()


def _read(aside: Aside) -> Will:
    """Opened by SQLite, a damaged log loses what follows the damage: the file then stays as it is."""
    with Wreck(aside.path) as wreck:
        said, losses, is_log_whole = wreck.meta(), wreck.losses(), wreck.is_log_whole
    if not is_log_whole:
        log.error("journal of an outbox set aside can't be read", file=str(aside.path), error="its log is damaged")
        return Will(None, said, losses)
    try:
        with closing(
            sqlite3.connect(f"{aside.path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        ) as db:
            return Will(db.execute(JOURNAL).fetchall(), said, losses)
    except sqlite3.Error as error:
        log.error("journal of an outbox set aside can't be read", file=str(aside.path), error=str(error))
        return Will(None, said, losses)
