"""One device on the bus: whether it answers, and what is said of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

from adapters.modbus.bus.bus import Bus
from adapters.modbus.wire.exchange import LINK_LOST, Exchange
from adapters.modbus.wire.frames import Frames
from gateway.adapter import Emit, Unheard
from gateway.grid import Slot, Ticket, shared_grid
from gateway.line import PAUSE_MAX_S, PAUSE_MIN_S, Patience
from gateway.model import Bad, BadReason, DeviceState, DeviceStatus

SETTLE_S = 0.5
"""A degraded device is online again after so long without a bad point: values may dance on their limits."""
LINK_SILENT_S = 10.0
"""When nothing at all has arrived for so long and every device that was asked failed, the connection is dropped."""

GATEWAY_CODES = frozenset({0x0A, 0x0B})
"""A gateway says that the device behind it is out of reach or silent (MODBUS Application Protocol V1.1b3, 7)."""


def is_silence(bad: Bad) -> bool:
    """Whether the device itself has said nothing."""
    return bad.reason is BadReason.TIMEOUT or bad.code in GATEWAY_CODES


def is_no_answer(bad: Bad) -> bool:
    """Whether nothing came, or nothing that could be understood: who sends only such is as good as dead."""
    return is_silence(bad) or bad.reason is BadReason.DECODE_ERROR


class Pollable(Protocol):
    """One poll period of a device: `trouble` is why the last poll had bad points, `silent` whether it had no answer."""

    trouble: BadReason | None
    silent: bool

    @property
    def smallest(self) -> Iterable[Frames]:
        """Small requests for what it reads, to see whether the device answers."""

    def unit_failed(self) -> None:
        """The device does not answer any more."""

    def unit_revived(self) -> None:
        """The device has said something again: read all of it now, whatever the time."""


class Unit:
    """A device: its polls share its patience and its state."""

    def __init__(
        self, device: str, timeout_s: float, silence: Silence, emit: Emit, *, pause_max_s: float = PAUSE_MAX_S
    ) -> None:
        self.device = device
        self.timeout_s = timeout_s
        self.polls: list[Pollable] = []
        self.patience = Patience(pause_max_s)
        self.state = DeviceState.UNKNOWN
        self._reason: BadReason | None = None
        self._since_ms = 0
        self._troubled_s = 0.0
        self._bus = silence.bus
        self._silence = silence
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._knocking = self._vouched = False
        self.tried_s = 0.0
        self._turn = 0
        self._watch: Ticket | None = None

    @property
    def alive(self) -> bool:
        """Whether it answered when it was last asked."""
        return self.state in {DeviceState.ONLINE, DeviceState.DEGRADED}

    @property
    def doubtful(self) -> bool:
        """Whether it has never answered yet, or did not when it was last asked."""
        return self.patience.failures > 0 or self.state is DeviceState.UNKNOWN

    def missed(self) -> bool:
        """A poll had no answer at all: whether the device may be at fault, which one small request will show.

        If it has just answered such a one, what the poll reads is at fault, and not the device.
        """
        if self._vouched:
            self._vouched = False
            return False
        self._knock(self._loop.time())
        return True

    def knock(self) -> None:
        """See whether a device that does not answer is back, when it is time for that."""
        now_s = self._loop.time()
        if not self.patience.failures or not self.patience.ready(now_s):
            return
        if not self.patience.dead or (self._bus.may_probe(now_s) and self._silence.longest(now_s) is self):
            self._knock(now_s)

    def knocked(self, bad: Bad | None, cost_s: float) -> None:
        """What became of the small request."""
        self._knocking = False
        if bad is None or not is_no_answer(bad):
            self._vouched = True
            self.answered()
        else:
            self._failed(self._loop.time(), cost_s)

    def answered(self) -> None:
        """It has said something, to whatever question."""
        self.patience.answered()
        self.stop()
        for poll in self.polls:
            poll.unit_revived()

    def stop(self) -> None:
        """It is not looked after any more."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def report(self, now_s: float) -> None:
        """Say what state the device is in, if that has changed; not while that is just being found out."""
        if self._knocking or (self.patience.failures and not self.patience.dead):
            return
        state, reason = self._judge(now_s)
        if (state, reason) == (self.state, self._reason):
            return
        if state is not self.state:
            self._since_ms = time.time_ns() // 1_000_000
        self.state, self._reason = state, reason
        self._emit(DeviceStatus(self.device, state, self._since_ms, reason))

    def small(self) -> Frames:
        """The next small request, in turn, to see whether it answers."""
        small = [frames for poll in self.polls for frames in poll.smallest]
        self._turn = (self._turn + 1) % len(small)
        return small[self._turn]

    def _knock(self, now_s: float) -> None:
        if not self._knocking:
            self.tried_s = now_s
            if self.patience.dead:
                self._bus.probed(now_s, self.timeout_s)
            self._knocking = True
            self._bus.poll((Knock(self.small(), self),), now_s + self.timeout_s, doubtful=True)

    def _failed(self, now_s: float, cost_s: float) -> None:
        rest_s = self._bus.rest_after(cost_s) * max(1, self._silence.dead)
        is_news = not self.patience.failures
        if is_news:  # the poll that failed before it counts, too
            self.patience.failed(now_s - cost_s, cost_s)
        self.patience.failed(now_s, cost_s, rest_s)
        if is_news:
            self._watch = shared_grid().subscribe(Slot(PAUSE_MIN_S), self._look_after, self._bus.wire.lose)
            for poll in self.polls:
                poll.unit_failed()
        self.report(now_s)
        self._silence.check(now_s)

    def _look_after(self) -> bool:
        """Polls may be an hour apart; tries are not."""
        self.knock()
        return True

    def _judge(self, now_s: float) -> tuple[DeviceState, BadReason | None]:
        troubles = [poll.trouble for poll in self.polls if poll.trouble is not None]
        if self.patience.failures:
            return DeviceState.OFFLINE, next((poll.trouble for poll in self.polls if poll.silent), None)
        if troubles:
            self._troubled_s = now_s
            return DeviceState.DEGRADED, troubles[0]
        if self.state is DeviceState.DEGRADED and now_s - self._troubled_s < SETTLE_S:
            return self.state, self._reason
        return DeviceState.ONLINE, None


class Knock(Exchange):
    """One small request to a device that did not answer."""

    __slots__ = ("_unit",)

    def __init__(self, frames: Frames, unit: Unit) -> None:
        super().__init__(frames, unit.timeout_s)
        self._unit = unit

    def arrived(self, buffer: bytes | bytearray, at: int) -> None:  # noqa: ARG002  # that it came is enough
        """It is back."""
        self._unit.knocked(None, 0.0)

    def failed(self, bad: Bad) -> None:
        """It may be back all the same, if it refuses."""
        if bad is not LINK_LOST:
            self._unit.knocked(bad, self.timeout_s)


class Silence:
    """Tells a dead link from dead devices."""

    def __init__(self, bus: Bus, units: list[Unit], peer: str | None) -> None:
        self.bus = bus
        self._units = units
        self._peer = peer

    @property
    def dead(self) -> int:
        """How many devices are."""
        return sum(unit.patience.dead for unit in self._units)

    def longest(self, now_s: float) -> Unit | None:
        """Of the dead devices that may be tried that which has been left alone for longest."""
        ready = (unit for unit in self._units if unit.patience.dead and unit.patience.ready(now_s))
        return min(ready, key=lambda unit: unit.tried_s, default=None)

    def check(self, now_s: float) -> None:
        """Drop a connection on which nobody has spoken for LINK_SILENT_S, when every device on it was asked in vain."""
        silent_s = now_s - self.bus.wire.heard_s
        if self._peer is None or silent_s < LINK_SILENT_S:
            return
        if all(unit.patience.dead for unit in self._units):
            self.bus.wire.lose(Unheard(f"nothing has come from {self._peer} for {LINK_SILENT_S:g} s"))
