"""Brings back in the background what can be read of files that were set aside."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import structlog
from aiosqlite import Connection

from gateway.model import Gap, GapReason
from gateway.outbox.cycle import gap_of
from gateway.outbox.disk.aside import DONE, Aside, asides, delete, rename
from gateway.outbox.disk.opening import SETTING
from gateway.outbox.disk.rows import count, insert, present, size_of
from gateway.outbox.disk.space import used_bytes
from gateway.outbox.disk.store import StoreError
from gateway.outbox.disk.wreck import Wreck, written_s
from gateway.outbox.entry import Entry
from gateway.outbox.format.pages import Found
from gateway.outbox.outbox import Outbox
from gateway.outbox.rescue.salvage import Salvage
from gateway.outbox.schedule import RETRY_MAX_S

PAGES_AT_ONCE = 16
"""Pages read in one go: some milliseconds of Python that share the interpreter with the event loop."""

ROWS_AT_ONCE = 500
"""Rows put on disk by one transaction, if they are not large."""

BYTES_AT_ONCE = 1024**2

FOUND_EACH_S = 1.0
"""How often whoever reads the outbox is told that there is more: it then reads from the start."""

KEPT_FILES = 2
"""Files kept once they are rescued, the newest, for whoever wants to know what happened."""

log = structlog.get_logger("fieldgate.outbox")


class Change(NamedTuple):
    """What a transaction has done: rows that were not there yet, those put there, those without room, bytes in use."""

    new: int
    fitting: list[Entry]
    too_many: list[Entry]
    used_bytes: int


class Rescue:
    """Takes the files set aside of one outbox, the oldest first, and goes on where the last process ended."""

    def __init__(self, outbox: Outbox) -> None:
        self.state: Mapping[str, Any] | None = None
        """How far it is, or how the last one ended, for the status; None if there was none."""
        self._outbox = outbox
        self._store = outbox.store
        self._told: set[str] = set()
        self._found_s = 0.0

    async def run(self) -> None:
        """Rescue whatever is set aside, now or later, until cancelled."""
        has_asides = self._store.file.has_asides
        while True:
            await has_asides.wait()
            has_asides.clear()
            try:
                for aside in await self._asides():
                    if not aside.is_rescued:
                        await self._rescue(aside)
                        await asyncio.to_thread(rename, aside.path, aside.rescued_path)
                old = (await self._asides())[:-KEPT_FILES]
                await self._forget([aside for aside in old if aside.is_rescued])
            except (StoreError, OSError) as error:
                log.warning("rescue interrupted", outbox=self._outbox.name, error=str(error))
                has_asides.set()
                await asyncio.sleep(RETRY_MAX_S)

    async def _asides(self) -> list[Aside]:
        return await asyncio.to_thread(asides, self._store.file.path)

    async def _rescue(self, aside: Aside) -> None:
        said = dict(await self._store.rows("SELECT key, value FROM meta"))
        first = said.get(aside.next_key, 0)
        if first == DONE:
            return
        with await asyncio.to_thread(Wreck, aside.path) as wreck:
            old = await asyncio.to_thread(wreck.meta)
            missing = said.get(aside.missing_key) if aside.next_key in said else old.get("rows")
            numbers = await asyncio.to_thread(lambda: [number for number in wreck.numbers if number >= first])
            salvage = Salvage(aside, missing, len(numbers))
            self.state = salvage.state
            await self._read(wreck, numbers, salvage)
        await self._end(salvage, old.get("session"))

    async def _read(self, wreck: Wreck, numbers: Sequence[int], salvage: Salvage) -> None:
        waiting: list[Entry] = []
        rest = iter(numbers)
        while piece := list(islice(rest, PAGES_AT_ONCE)):
            for found in await asyncio.to_thread(_look, wreck, piece):
                waiting += salvage.taken(found)
            salvage.done += len(piece)
            if len(waiting) >= ROWS_AT_ONCE or size_of(waiting) >= BYTES_AT_ONCE:
                await self._keep(waiting, piece[-1] + 1, salvage)
                waiting = []
        if waiting:
            await self._keep(waiting, numbers[-1] + 1, salvage)

    async def _keep(self, entries: Sequence[Entry], next_page: int, salvage: Salvage) -> None:
        """Put what is not there yet into the outbox as far as there is room, together with how far this has got."""
        is_full = size_of(entries) > self._outbox.room_bytes

        async def change(db: Connection) -> Change:
            here = await present(db, [entry.id for entry in entries])
            new = list({entry.id: entry for entry in entries if entry.id not in here}.values())
            wanted = [entry for entry in new if not self._outbox.is_acknowledged(entry.id)]
            too_many = [entry for entry in wanted if is_full and entry.is_reading]
            fitting = [entry for entry in wanted if not (is_full and entry.is_reading)]
            await insert(db, fitting)
            await count(db, len(fitting), size_of(fitting))
            await db.executemany(SETTING, salvage.progress(next_page, len(new) - len(too_many)))
            return Change(len(new), fitting, too_many, await used_bytes(db))

        new, fitting, too_many, used = await self._store.transaction(change, patient=True)
        self._outbox.found({entry.id: entry for entry in fitting}, used)
        if too_many:
            session = self._outbox.session
            await self._outbox.lost(gap_of(entry, GapReason.FULL, session) for entry in too_many)
        salvage.found(new, len(fitting))
        self._tell(FOUND_EACH_S)

    async def _end(self, salvage: Salvage, session: int | None) -> None:
        """Say what is lost, once, and that there is nothing more to be looked for."""
        self._tell(0)
        aside = salvage.aside
        if salvage.missing != 0 and aside.stamp not in self._told:
            self._told.add(aside.stamp)
            written_ms = int(await asyncio.to_thread(written_s, aside.path) * 1000)
            first_ms, last_ms = salvage.times(written_ms)
            elsewhere = session if session != self._outbox.session else None
            gap = Gap(GapReason.CORRUPT, salvage.missing, None, None, first_ms, last_ms, None, elsewhere)
            await self._outbox.lost([gap])
        kept_as = aside.rescued_path
        salvage.state |= {"file": kept_as.name, "lost": salvage.missing, "ended": True}
        log.info("outbox file rescued", outbox=self._outbox.name, kept_as=str(kept_as), **salvage.summary)
        await self._store.write([(SETTING, [(aside.next_key, DONE)])])

    async def _forget(self, old: Sequence[Aside]) -> None:
        """Delete what is known of files, then the files: by their names they are found again if that is interrupted."""
        for aside in old:
            keys = [(aside.next_key,), (aside.missing_key,)]
            await self._store.write([("DELETE FROM meta WHERE key = ?", keys)])
            await asyncio.to_thread(delete, aside)

    def _tell(self, pause_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._found_s >= pause_s:
            self._found_s = now_s
            self._outbox.on_found()


def _look(wreck: Wreck, numbers: Sequence[int]) -> list[Found]:
    return [wreck.envelopes(number) for number in numbers]
