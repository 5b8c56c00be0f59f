"""The bounded room in memory where envelopes wait for the disk. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.outbox.entry import Entry

STAGING_ENVELOPES = 10_000
"""How many envelopes may wait in memory for the disk (design: the adapter contract)."""

STAGING_BYTES = 16 * 1024**2
"""How many bytes of payload may wait in memory for the disk (design: the adapter contract)."""


class Staging:
    """Envelopes that are neither on disk nor acknowledged, in the order of their ids."""

    def __init__(self, *, drop_newest: bool) -> None:
        self.bytes = 0
        self._drop_newest = drop_newest
        self._entries: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def oldest(self) -> Entry | None:
        """The one that has waited longest."""
        return next(iter(self._entries.values()), None)

    def add(self, entry: Entry) -> Entry | None:
        """Take an envelope; returns the reading that had to make room, if one had to."""
        self._entries[entry.id] = entry
        self.bytes += len(entry.payload)
        if len(self._entries) <= STAGING_ENVELOPES and self.bytes <= STAGING_BYTES:
            return None
        order: Iterable[Entry] = reversed(self._entries.values()) if self._drop_newest else self._entries.values()
        victim = next((waiting for waiting in order if waiting.is_reading), None)
        if victim is not None:
            self.remove(victim.id)
        return victim

    def remove(self, entry_id: int) -> bool:
        """Forget an envelope; False if it does not wait here."""
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return False
        self.bytes -= len(entry.payload)
        return True

    def take(self) -> dict[int, Entry]:
        """Everything, to be committed."""
        batch, self._entries, self.bytes = self._entries, {}, 0
        return batch

    def put_back(self, batch: Iterable[Entry]) -> None:
        """What could not be committed waits on, before what came since."""
        entries = {entry.id: entry for entry in batch}
        self.bytes += sum(len(entry.payload) for entry in entries.values())
        self._entries = entries | self._entries
