"""Which devices have retained topics at the far end, so that those of a device that is gone can be cleared."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.entry import Entry

CLEARED_KINDS = ("birth", "status")
"""Retained kinds of a device, in the order in which they are cleared."""

log = structlog.get_logger("fieldgate.outbox")


class Retained:
    """The far end's memory of our devices. An empty payload is no envelope: it has no number and is not kept."""

    def __init__(self, store: Store, devices: Collection[str]) -> None:
        self._store = store
        self._devices = devices
        self._gone: set[str] = set()

    async def load(self) -> None:
        """Find the devices that left, and note those that came."""
        try:
            known = {device for (device,) in await self._store.rows("SELECT device FROM announced")}
            self._gone = known - set(self._devices)
            new = [(device,) for device in self._devices if device not in known]
            if new:
                await self._store.write([("INSERT INTO announced VALUES (?)", new)])
        except StoreError as error:
            log.warning("retained topics of devices that left are not cleared", error=str(error))

    def clearings(self) -> list[Entry]:
        """What empties the retained topics of devices that left; told on each connection until acknowledged."""
        topics = [(device, kind) for device in sorted(self._gone) for kind in CLEARED_KINDS]
        return [Entry(-1 - at, 0, 0, kind, device, 0, b"", done=True) for at, (device, kind) in enumerate(topics)]

    async def cleared(self, entry: Entry) -> None:
        """The far end has emptied a topic; with the last of a device it is forgotten."""
        if entry.kind != CLEARED_KINDS[-1] or entry.device not in self._gone:
            return
        self._gone.discard(entry.device)
        try:
            await self._store.write([("DELETE FROM announced WHERE device = ?", [(entry.device,)])])
        except StoreError as error:
            log.warning("cleared device not forgotten", device=entry.device, error=str(error))
