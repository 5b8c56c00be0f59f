"""How many messages may be unacknowledged, and how many of those are backlog. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.outbox.entry import Entry

BACKLOG_SHARE = 10
"""The backlog keeps a tenth of the window when live readings saturate the uplink (design: the outbox)."""


class Window:
    """The window of one connection. `live_size`: what live messages may use of it; a share is the backlog's."""

    def __init__(self, size: int) -> None:
        self.in_flight: dict[int, Entry] = {}
        self.live_size = size
        self._size = size
        self._share = min(max(1, size // BACKLOG_SHARE), size - 1)
        """Never the whole window: with one of a single message the backlog waits for pauses of the live lane."""
        self._backlog: set[int] = set()
        self._backlog_waits = False

    def expect_backlog(self, *, waits: bool) -> None:
        """Keep a share free while there is backlog, as far as the backlog does not use it already."""
        self._backlog_waits = waits
        kept = max(0, self._share - len(self._backlog)) if waits else 0
        self.live_size = self._size - kept

    def room_for_backlog(self, *, live_waits: bool) -> int:
        """How many of the backlog there is room for: beside live ones only in its share."""
        room = self._size - len(self.in_flight)
        return min(room, self._share - len(self._backlog)) if live_waits else room

    def note_backlog(self, tokens: Iterable[int]) -> None:
        """These are of the backlog, those of them that are in flight."""
        self._backlog.update(token for token in tokens if token in self.in_flight)
        self.expect_backlog(waits=self._backlog_waits)

    def take(self, token: int) -> Entry | None:
        """The far end has spoken about this one; None if it was not in flight."""
        if token in self._backlog:
            self._backlog.remove(token)
            if len(self._backlog) < self._share:
                self.expect_backlog(waits=self._backlog_waits)
        return self.in_flight.pop(token, None)

    @property
    def holds_only_backlog(self) -> bool:
        """Whether nothing but backlog waits for an acknowledgement."""
        return len(self.in_flight) <= len(self._backlog)
