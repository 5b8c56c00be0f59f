"""What packet counters tell: packets that were missed, and packets that were sent before. Pure."""

from __future__ import annotations

from enum import Enum

from adapters.ble.decoders.contract import Remembered

MAX_MISSED = 86_400
"""More than a day of one each second missed at once is rather a counter that began anew, elsewhere."""
LATE = 3
"""So many packets at most may be overtaken on their way: a radio's queue is short."""
RESTARTS_BELOW = 100
"""A counter that went back this far began anew, as after a change of battery; Home Assistant draws the same line
(bthome-ble 3.25, parser.py), and devices are made to fit it.

It has a price: who recorded a device's first packets can repeat them.
"""


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


class Replays:
    """Refuses packets that were sent before; for those whose counter is authentic and never comes back to 0 by itself.

    A packet that is the newest's identical repeat is not for here: it says nothing new.
    """

    def __init__(self, name: str, memory: Remembered) -> None:
        self._name = name
        self._memory = memory
        self._is_first = True

    @property
    def last(self) -> int | None:
        """The newest packet's, also from before a restart of the gateway."""
        return self._memory.get(self._name)

    def accept(self, counter: int) -> bool:
        """Whether it is new; kept if it is. After the gateway's start the newest may come once more."""
        last = self.last
        again = self._is_first and counter == last
        if last is not None and counter <= last and counter >= RESTARTS_BELOW and not again:
            return False
        self._is_first = False
        self._memory.keep(self._name, counter)
        return True
