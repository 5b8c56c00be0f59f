"""One state of a device that is both heard and connected to, where each alone has its own. Pure."""

from __future__ import annotations

from enum import Enum

from gateway.model import DeviceState, DeviceStatus

ALIVE = frozenset({DeviceState.ONLINE, DeviceState.DEGRADED})


class Way(Enum):
    """How its state was found."""

    HEARD = "heard"
    CONNECTED = "connected"


class States:
    """Of all devices of a radio."""

    def __init__(self) -> None:
        self._found: dict[str, dict[Way, DeviceStatus]] = {}
        self._told: dict[str, DeviceStatus] = {}

    def found(self, way: Way, status: DeviceStatus) -> DeviceStatus | None:
        """What is to be told now that this is so; None: what was told still holds."""
        found = self._found.setdefault(status.device, {})
        found[way] = status
        told = self._told.get(status.device)
        both = _of_both(found) if len(found) > 1 else status
        if told is not None:
            is_same = (told.state, told.reason, told.detail) == (both.state, both.reason, both.detail)
            if is_same:
                return None
            since_ms = told.since_ms if told.state is both.state else status.since_ms
            both = DeviceStatus(both.device, both.state, since_ms, both.reason, both.detail)
        self._told[status.device] = both
        return both


def _of_both(found: dict[Way, DeviceStatus]) -> DeviceStatus:
    """What is wrong on one way alone leaves some points bad; on both, that it is not even heard explains the rest."""
    heard, connected = found[Way.HEARD], found[Way.CONNECTED]
    if heard.state in ALIVE and connected.state in ALIVE:
        return connected if heard.state is DeviceState.ONLINE else heard
    if heard.state not in ALIVE and connected.state not in ALIVE:
        return connected if heard.state is DeviceState.UNKNOWN else heard
    wrong = connected if heard.state in ALIVE else heard
    if wrong.state is DeviceState.UNKNOWN:
        return heard if wrong is connected else connected
    return DeviceStatus(wrong.device, DeviceState.DEGRADED, wrong.since_ms, wrong.reason, wrong.detail)
