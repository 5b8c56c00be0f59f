"""One state of a device that is both heard and connected to, from what is so on each way. Pure."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gateway.model import DeviceState, DeviceStatus

ALIVE = frozenset({DeviceState.ONLINE, DeviceState.DEGRADED})


class Way(Enum):
    """How something of a device comes here; of two that are equally bad, the first one's trouble is told."""

    HEARD = "heard"
    CONNECTED = "connected"


class _Told(NamedTuple):
    state: DeviceState
    reason: str | None
    detail: str | None


class States:
    """Of all devices of a radio. Who has one way only has that one's state."""

    def __init__(self) -> None:
        self._ways: dict[str, dict[Way, DeviceStatus]] = {}
        self._told: dict[str, DeviceStatus] = {}

    def joined(self, way: Way, status: DeviceStatus) -> DeviceStatus | None:
        """What is to be told of the device now; None: it is in the same state for the same reason."""
        ways = self._ways.setdefault(status.device, {})
        ways[way] = status
        new, last = _joined([ways[each] for each in Way if each in ways]), self._told.get(status.device)
        if last is not None and new == _Told(last.state, last.reason, last.detail):
            return None
        since_ms = last.since_ms if last is not None and last.state is new.state else status.since_ms
        told = self._told[status.device] = DeviceStatus(status.device, new.state, since_ms, new.reason, new.detail)
        return told


def _joined(ways: list[DeviceStatus]) -> _Told:
    """A device is there if it is on one way; what is wrong on the other then makes it a degraded one."""
    alive = [each for each in ways if each.state in ALIVE]
    troubled = [each for each in ways if each.state is not DeviceState.ONLINE and each.state is not DeviceState.UNKNOWN]
    if not troubled:
        detail = next((each.detail for each in ways if each.detail is not None), None)
        best = alive[0] if alive else ways[0]
        return _Told(best.state, best.reason, detail)
    worst = troubled[0]
    return _Told(DeviceState.DEGRADED if alive else worst.state, worst.reason, worst.detail)
