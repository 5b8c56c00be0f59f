"""Which devices the far end knows of, so that it is told who left, and their retained topics are cleared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import structlog

from gateway.outbox.disk.opening import SETTING
from gateway.outbox.disk.rows import IS_FIRST
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.entry import STATUS, Entry

KINDS = {"birth": "births", STATUS: "statuses"}
"""Retained kinds of a device, in the order in which they are cleared, and what an endpoint's `only` calls them."""

BITS = {"birth": 1, STATUS: 2}
"""Which of them have been told, as the file notes it; where it notes nothing, all."""

TOLD = "retained"
"""Where it does."""

FAREWELL = b'"state":"removed"'
"""In each status that says so, and in no other: within a text the quotes are escaped."""

WAITING = f"SELECT DISTINCT device FROM envelope WHERE {IS_FIRST} AND kind = '{STATUS}' AND instr(payload, ?)"

log = structlog.get_logger("fieldgate.outbox")


class Retained:
    """The far end's memory of our devices. An empty payload is no envelope: it has no number and is not kept.

    `kinds`: what is told of `devices` now, as `only` has it. `on_disk()` returns once what has been staged is.
    """

    def __init__(
        self,
        store: Store,
        devices: Collection[str],
        on_disk: Callable[[], Awaitable[object]],
        kinds: Collection[str] = tuple(KINDS.values()),
    ) -> None:
        self._store = store
        self._devices = devices
        self._wanted = sum(BITS[kind] for kind, name in KINDS.items() if name in kinds)
        self._on_disk = on_disk
        self._gone: set[str] = set()
        self._waiting: set[str] = set()
        self._unwanted: set[tuple[str, str]] = set()
        """Topics of devices that are still there, of kinds that do not go there any more."""

    async def load(self) -> None:
        """Find the devices that left, and note those that came."""
        try:
            known = {device for (device,) in await self._store.rows("SELECT device FROM announced")}
            self._gone = known - set(self._devices)
            if self._gone:
                self._waiting = {device for (device,) in await self._store.rows(WAITING, (FAREWELL,))}
            new = [(device,) for device in self._devices if device not in known]
            if new:
                await self._store.write([("INSERT INTO announced VALUES (?)", new)])
            await self._compare_kinds(known)
        except StoreError as error:
            log.warning("devices that left are not told, nor their retained topics cleared", error=str(error))

    async def _compare_kinds(self, known: Collection[str]) -> None:
        """Find what was told and is not to be any more: such topics would stay for ever as they are."""
        rows = await self._store.rows("SELECT value FROM meta WHERE key = ?", (TOLD,))
        told = rows[0][0] if rows else sum(BITS.values())
        dropped = [kind for kind, bit in BITS.items() if told & bit and not self._wanted & bit]
        self._unwanted = {(device, kind) for kind in dropped for device in self._devices if device in known}
        now = told | self._wanted if self._unwanted else self._wanted
        if now != told:
            await self._note(now)

    @property
    def departed(self) -> list[str]:
        """Devices that left since the far end was told of them, but for those of which the last word waits already."""
        return sorted(self._gone - self._waiting)

    def clearings(self) -> list[Entry]:
        """What empties the retained topics of devices that left; told on each connection until acknowledged."""
        topics = [(device, kind) for device in sorted(self._gone) for kind in KINDS] + sorted(self._unwanted)
        return [Entry(-1 - at, 0, 0, kind, device, 0, b"", done=True) for at, (device, kind) in enumerate(topics)]

    async def cleared(self, entry: Entry) -> None:
        """The far end has emptied a topic; with the last of a device it is forgotten, if its last word is safe."""
        topic = (entry.device, entry.kind)
        try:
            if topic in self._unwanted:
                self._unwanted.discard(topic)
                if not self._unwanted:
                    await self._note(self._wanted)
            elif entry.device in self._gone and entry.kind == STATUS:
                await self._on_disk()
                self._gone.discard(entry.device)
                await self._store.write([("DELETE FROM announced WHERE device = ?", [(entry.device,)])])
        except StoreError as error:
            log.warning("cleared device not forgotten", device=entry.device, error=str(error))

    async def _note(self, mask: int) -> None:
        await self._store.write([(SETTING, [(TOLD, mask)])])
