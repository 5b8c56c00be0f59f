"""One device on the bus: whether it answers, and what is said of it."""

from __future__ import annotations

import time
from typing import Protocol

from adapters.modbus.bus import Bus
from adapters.modbus.patience import DEAD_AFTER_FAILURES, Patience
from gateway.adapter import AdapterError, Emit
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


class Pollable(Protocol):
    """One poll period of a device: `trouble` is why the last poll had bad points, `silent` whether it had no answer."""

    trouble: BadReason | None
    silent: bool

    def unit_failed(self) -> None:
        """The device does not answer any more."""

    def unit_revived(self) -> None:
        """The device answers again."""


class Unit:
    """A device: its polls share its patience and its state."""

    def __init__(self, device: str, timeout_s: float, bus: Bus, emit: Emit) -> None:
        self.device = device
        self.timeout_s = timeout_s
        self.polls: list[Pollable] = []
        self.patience = Patience()
        self.probing = False
        self.state = DeviceState.UNKNOWN
        self._reason: BadReason | None = None
        self._since_ms = 0
        self._troubled_s = 0.0
        self._bus = bus
        self._emit = emit

    def may_be_tried(self, now_s: float) -> bool:
        """Whether a device that did not answer may be probed now."""
        if self.probing or not self.patience.ready(now_s):
            return False
        return not self.patience.dead or self._bus.may_probe(now_s)

    @property
    def alive(self) -> bool:
        """Whether it answered when it was last asked."""
        return self.state in {DeviceState.ONLINE, DeviceState.DEGRADED}

    def failed(self, now_s: float) -> None:
        """A poll brought no answer at all."""
        if self.patience.dead:
            self._bus.probed(now_s, self.timeout_s)
        self.patience.failed(now_s, self.timeout_s)
        if self.patience.failures == 1:
            for poll in self.polls:
                poll.unit_failed()

    def answered(self) -> None:
        """It has said something, to whatever question."""
        if self.patience.failures:
            self.patience.answered()
            for poll in self.polls:
                poll.unit_revived()

    def report(self, now_s: float) -> None:
        """Say what state the device is in, if that has changed."""
        state, reason = self._judge(now_s)
        if (state, reason) == (self.state, self._reason):
            return
        if state is not self.state:
            self._since_ms = time.time_ns() // 1_000_000
        self.state, self._reason = state, reason
        self._emit(DeviceStatus(self.device, state, self._since_ms, reason))

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


class Silence:
    """Tells a dead link from dead devices."""

    def __init__(self, bus: Bus, units: list[Unit], peer: str) -> None:
        self._bus = bus
        self._units = units
        self._peer = peer

    def check(self, now_s: float) -> None:
        """Drop a connection on which nobody has spoken for LINK_SILENT_S, however often they were asked."""
        silent_s = now_s - self._bus.wire.heard_s
        failing = [unit.patience.failures for unit in self._units if unit.patience.failures]
        if silent_s >= LINK_SILENT_S and min(failing, default=0) >= DEAD_AFTER_FAILURES:
            self._bus.wire.lose(AdapterError(f"nothing has come from {self._peer} for {LINK_SILENT_S:g} s"))
