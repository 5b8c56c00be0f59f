"""What one connection has to publish, and what it has told already. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from gateway.outbox.entry import Entry

LIVE_LIMIT = 10_000
"""Envelopes the live lane keeps in memory; older ones that are on disk then wait as backlog."""

RETAINED_KINDS = frozenset({"status", "birth"})


class Lanes:
    """`first` goes before `live`, the readings of this connection; `old` is what has been read of the backlog.

    While `held`, live readings wait behind older ones. `told`: what was published though it is older.
    """

    def __init__(self) -> None:
        self.first: deque[Entry] = deque()
        self.live: deque[Entry] = deque()
        self.old: deque[Entry] = deque()
        self.held = False
        self.told: set[int] = set()
        self._newest: dict[tuple[str, str], int] = {}

    @property
    def wait(self) -> bool:
        """Whether there is anything to publish that waits for nothing but room."""
        return bool(self.first or (self.live and not self.held))

    def tell(self, entries: Iterable[Entry]) -> None:
        """Queue what does not wait behind readings."""
        for entry in entries:
            self.told.add(entry.id)
            self.first.append(entry)

    def untold(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of them that were not told on this connection."""
        return [entry for entry in entries if entry.id not in self.told]

    @property
    def overflow(self) -> bool:
        """Whether more live readings wait than should in memory."""
        return len(self.live) > LIVE_LIMIT

    def spill(self) -> int | None:
        """Drop the oldest live readings that are on disk; what has a lower id than is returned waits there."""
        boundary = None
        while len(self.live) > LIVE_LIMIT // 2 and (self.live[0].on_disk or self.live[0].done):
            boundary = self.live.popleft().id + 1
        return boundary

    def may_retain(self, entry: Entry) -> bool:
        """Whether the far end is to keep this state: what is tried again must not replace what came since."""
        if not entry.fresh:
            return False
        topic = (entry.kind, entry.device)
        newest = self._newest[topic] = max(entry.id, self._newest.get(topic, entry.id))
        return newest == entry.id
