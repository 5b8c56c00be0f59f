"""What the core says of devices when their adapter can't: no-link and stale. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from gateway.model import Bad, BadReason, DeviceInfo, DeviceState, DeviceStatus, PointGroup, Sample

STALE_PERIODS = 3
"""A point is stale after this many of its periods without a sample (interface: the envelope) ..."""

STALE_MIN_S = 10.0
"""... but never sooner than this."""

SHORTEST_S = 0.1
"""Between two looks, however late the last one was."""


class Freshness:
    """When each group of points was last heard of; `now_s` is on a clock that never jumps."""

    def __init__(self, devices: Iterable[DeviceInfo], now_s: float) -> None:
        limits_s = {group: _limit_s(group) for info in devices for group in info.groups}
        self._limit_s = {group: limit_s for group, limit_s in limits_s.items() if limit_s}
        self._heard_s = dict.fromkeys(self._limit_s, now_s)
        self._stale: set[PointGroup] = set()

    def heard(self, group: PointGroup, now_s: float) -> None:
        """Its adapter has spoken about it, well or ill; what is not configured, or never stale, is nobody's to miss."""
        if group in self._heard_s:
            self._heard_s[group] = now_s
        if self._stale:
            self._stale.discard(group)

    def next_check_s(self, now_s: float) -> float:
        """Seconds until the first group can turn stale; one that is may be heard of at once, and be silent again."""
        waits = [
            self._limit_s[group] + (0.0 if group in self._stale else at - now_s) for group, at in self._heard_s.items()
        ]
        return max(min(waits, default=STALE_MIN_S), SHORTEST_S)

    def turned_stale(self, now_s: float) -> list[PointGroup]:
        """Groups that have been silent for too long since the last call; each is told once."""
        late = [
            group
            for group, at in self._heard_s.items()
            if group not in self._stale and now_s - at >= self._limit_s[group]
        ]
        self._stale.update(late)
        return late


class DeviceStates:
    """The last known state of every device."""

    def __init__(self, devices: Mapping[str, DeviceInfo], now_ms: int) -> None:
        self._devices = devices
        self.current = {name: DeviceStatus(name, DeviceState.UNKNOWN, now_ms) for name in devices}
        self._explained = set[str]()
        """Whose state, as it is, has been news with a detail."""

    def changed(self, status: DeviceStatus) -> bool:
        """Note a state; False if it says nothing new: the first words for it are news, other words for it are not."""
        name, before = status.device, self.current[status.device]
        is_same = (before.state, before.reason) == (status.state, status.reason)
        if not is_same:
            self._explained.discard(name)
            self.current[name] = status
        elif before.detail != status.detail:
            self.current[name] = replace(before, detail=status.detail)
        if is_same and (status.detail is None or name in self._explained):
            return False
        if status.detail is not None:
            self._explained.add(name)
        return True

    def on_link(self, link: str) -> list[DeviceInfo]:
        """The devices of a link."""
        return [info for info in self._devices.values() if info.link == link]

    def answering(self, link: str) -> list[str]:
        """The devices of a link that do."""
        alive = (DeviceState.ONLINE, DeviceState.DEGRADED)
        return [info.device for info in self.on_link(link) if self.current[info.device].state in alive]

    def in_trouble(self) -> dict[str, str]:
        """Devices that are not well, and why."""
        troubled = (DeviceState.OFFLINE, DeviceState.DEGRADED)
        return {
            name: status.reason or status.state.value
            for name, status in self.current.items()
            if status.state in troubled
        }


def _limit_s(group: PointGroup) -> float:
    """Seconds without a sample after which its points are stale; 0: never."""
    if group.stale_after_s is not None:
        return group.stale_after_s
    return max(STALE_PERIODS * group.every_s, STALE_MIN_S)


def all_bad(group: PointGroup, reason: BadReason, time_ms: int) -> Sample:
    """A sample in which no point is good."""
    bad = Bad(reason)
    return Sample(group, time_ms, (None,) * len(group.points), dict.fromkeys(group.points, bad))
