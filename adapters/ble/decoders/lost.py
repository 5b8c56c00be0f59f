"""What packet counters tell of packets that were missed. Pure."""

from __future__ import annotations

from enum import Enum

MAX_MISSED = 86_400
"""More than a day of one each second missed at once is rather a counter that began anew, elsewhere."""
LATE = 3
"""So many packets at most may be overtaken on their way: a radio's queue is short."""


class Packet(Enum):
    """What a packet is to those before it."""

    NEW = "new"
    REPEATED = "repeated"
    LATE = "late"


class Losses:
    """How many of a device's packets were missed, by their counter; counters that say less say "at least"."""

    def __init__(self) -> None:
        self.lost = 0
        self._last: int | None = None
        self._wraps = 0
        self._late: int | None = None

    def hear(self, counter: int, wraps: int) -> Packet:
        """Count what is missing before this packet; `wraps`: how many numbers there are, 0 being the first."""
        if self._last is None or wraps != self._wraps:
            return self._begin(counter, wraps)
        ahead = (counter - self._last) % wraps
        if ahead == 0:
            return Packet.REPEATED
        if ahead <= min(wraps // 2, MAX_MISSED):
            self.lost += ahead - 1
            return self._begin(counter, wraps)
        if wraps - ahead <= LATE and not self._goes_on(counter):
            self._late = counter
            self.lost = max(0, self.lost - 1)
            return Packet.LATE
        return self._begin(counter, wraps)

    def _goes_on(self, counter: int) -> bool:
        """Whether it follows one that was taken for late: then the counter began anew, a little lower."""
        return self._late is not None and counter == (self._late + 1) % self._wraps

    def _begin(self, counter: int, wraps: int) -> Packet:
        self._last, self._wraps, self._late = counter, wraps, None
        return Packet.NEW
