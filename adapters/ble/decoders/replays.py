"""Packets that were sent before, told by their counters from new ones. Pure.

Who has recorded a device can send all of it again, so that nothing which it says of itself shows that it was restarted.
What shows it is that the counter goes on from where it went back to, for a while in which nothing is heard of the
higher one: a device that is there would speak in between.
"""

from __future__ import annotations

from typing import NamedTuple

from adapters.ble.decoders.contract import Remembered
from adapters.ble.decoders.crypto import key_mark

RESTART_MS = 180_000
"""A sensor that is there is heard in so long: they advertise each second to each minute, and a few are lost."""
RESTART_PACKETS = 5
"""In that time, each above the one before: a button is pressed some times, whoever has changed its battery."""
LEAP = 1_000
"""So many packets may be missed at once by who follows a counter: a quarter of an hour of one each second."""


class _Run(NamedTuple):
    """Packets one after another that are not believed yet; `newest`: the last one's counter."""

    since_ms: int
    newest: int
    packets: int


class Replays:
    """Of one device and its key, for counters that are authentic: each packet is believed once.

    Several packets may share the newest counter: pvvx's firmware sends two with each (its issue 468).
    """

    def __init__(self, name: str, memory: Remembered, key: bytes) -> None:
        self._name, self._peak, self._key = name, f"{name}.peak", f"{name}.key"
        self._memory = memory
        self._mark = key_mark(key)
        self._run: _Run | None = None

    @property
    def last(self) -> int | None:
        """The newest packet's, also from before a restart of the gateway; None: none was sealed with this key."""
        return self._memory.get(self._name) if self._memory.get(self._key) == self._mark else None

    def accept(self, counter: int, time_ms: int) -> bool:
        """Whether it is to be believed; kept if it is."""
        last = self.last
        if last is None:
            self._memory.keep(self._key, self._mark)
            self._memory.keep(self._peak, counter)
            return self._take(counter)
        if counter == last:
            self.again()
            return True
        if counter > last and (counter - last <= LEAP or counter > self._highest(last)):
            return self._take(counter)
        if not self._restarts(counter, time_ms):
            return False
        self._memory.keep(self._peak, self._highest(last))
        return self._take(counter)

    def again(self) -> None:
        """The newest packet is heard once more: who sends it has not been restarted."""
        self._run = None

    def _take(self, counter: int) -> bool:
        self._run = None
        self._memory.keep(self._name, counter)
        return True

    def _highest(self, last: int) -> int:
        """Before the device was restarted: what was recorded then must not be taken for a leap."""
        return max(self._memory.get(self._peak) or 0, last)

    def _restarts(self, counter: int, time_ms: int) -> bool:
        """Whether it went back for good."""
        run = self._run
        if run is None or time_ms < run.since_ms or not 0 <= counter - run.newest <= LEAP:
            run = _Run(time_ms, counter, 1)
        elif counter > run.newest:
            run = _Run(run.since_ms, counter, run.packets + 1)
        self._run = run
        return run.packets >= RESTART_PACKETS and time_ms - run.since_ms >= RESTART_MS
