"""Outbox files of endpoints that have another name now, or left the configuration."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import structlog
from aiosqlite import Connection

from gateway.outbox.disk.afresh import put_back
from gateway.outbox.disk.aside import DONE, SOUND, Aside, asides, delete, index_of, log_of, set_aside, sync_folder
from gateway.outbox.disk.opening import SETTING
from gateway.outbox.disk.store import CorruptError, Store
from gateway.outbox.disk.wreck import Wreck

FILE = re.compile(r"outbox-([A-Za-z0-9_-]+)\.db")

JOURNAL = "SELECT id, device, claimed_ms, finished_ms, result FROM journal"

COPY = "INSERT OR IGNORE INTO journal VALUES (?, ?, ?, ?, ?)"

log = structlog.get_logger("fieldgate.outbox")


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
        _take_files([*unfinished(old, before), old], own, now_s)
        log.info("outbox adopted", endpoint=endpoint, was=was, into=str(own))
        return
    for aside in before:
        moved = own.with_name(own.name + aside.path.name.removeprefix(old.name))
        rename(aside.path, moved)
    rename(old, own)
    sync_folder(own)
    log.info("outbox adopted", endpoint=endpoint, was=was)


def _take_files(files: list[Path], own: Path, now_s: float) -> None:
    """Set them aside beside an outbox, in this order, so that what is cut short is gone on with."""
    for file in files:
        if file.exists() or log_of(file).exists():
            set_aside(file, "adopted", now_s, beside=own)


def unfinished(old: Path, before: list[Aside]) -> list[Path]:
    """What of these may still hold something; the others are deleted."""
    with Wreck(old) as wreck:
        said = wreck.meta()
    for aside in before:
        if said.get(aside.next_key) == DONE:
            delete(aside)
    return [aside.path for aside in before if said.get(aside.next_key) != DONE]


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


async def take_journals(store: Store) -> None:
    """Copy the journals of files that are sound, once, before any command is executed; raises StoreError."""
    try:
        known = {key for (key,) in await store.rows("SELECT key FROM meta")}
    except CorruptError:  # there is a fresh file now
        known = {key for (key,) in await store.rows("SELECT key FROM meta")}
    for aside in await asyncio.to_thread(asides, store.file.path):
        if aside.kind in SOUND and aside.next_key not in known:
            claims, rows = await asyncio.to_thread(_read, aside)
            await _take(store, aside, claims, rows)


async def _take(store: Store, aside: Aside, claims: list[tuple[Any, ...]] | None, rows: int | None) -> None:
    said = {aside.next_key: 0}
    if rows is not None:
        said[aside.missing_key] = rows
    if claims is None:
        said["journal_lost"] = 1

    async def change(db: Connection) -> None:
        await db.executemany(COPY, claims or [])
        await db.executemany(SETTING, said.items())

    await store.transaction(change)
    if claims is None:
        await store.file.look_for_journal()


def _read(aside: Aside) -> tuple[list[tuple[Any, ...]] | None, int | None]:
    """The journal, None if it can't be read, and how many rows wait."""
    with Wreck(aside.path) as wreck:
        rows = wreck.meta().get("rows")
    try:
        with closing(
            sqlite3.connect(f"{aside.path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        ) as db:
            return db.execute(JOURNAL).fetchall(), rows
    except sqlite3.Error as error:
        log.error("journal of an outbox set aside can't be read", file=str(aside.path), error=str(error))
        return None, rows


def rename(old: Path, new: Path) -> None:
    """With its log: first the log, since without its file it is kept, and a file without its log is not all."""
    if log_of(old).exists():
        log_of(old).rename(log_of(new))
    if old.exists():
        old.rename(new)
    index_of(old).unlink(missing_ok=True)
