"""What many devices have in common is kept once: a thousand meters of one kind have the points of one."""

from __future__ import annotations

from collections.abc import Hashable
from sys import intern
from typing import Any

from msgspec.structs import replace

from gateway.adapter import DeviceConfig, PointConfig
from gateway.model import DeviceInfo, PointInfo


class SharedPoints:
    """Of one configuration: equal points become one object."""

    def __init__(self) -> None:
        self._known: dict[Hashable, PointConfig] = {}

    def share(self, device: DeviceConfig[Any]) -> None:
        """Put the known ones in the place of a device's own; models of points are frozen."""
        own = dict(device.points)
        device.points.clear()
        device.points.update((intern(name), self._one(point)) for name, point in own.items())

    def _one(self, point: PointConfig) -> PointConfig:
        try:
            return self._known.setdefault(_key(point), point)
        except TypeError:  # something of an adapter's own that can't be compared so
            return point


class DescribedPoints:
    """What is told of points, of one configuration whose points are shared: once for points of one name."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, float], PointInfo] = {}

    def share(self, info: DeviceInfo, device: DeviceConfig[Any]) -> DeviceInfo:
        """The same device, described with what is known already."""
        points = {name: self._one(point, device.points.get(name)) for name, point in info.points.items()}
        return replace(info, points=points)

    def _one(self, info: PointInfo, point: PointConfig | None) -> PointInfo:
        """By the identity of its model, which the configuration keeps; one that is not from there is its device's."""
        return info if point is None else self._known.setdefault((id(point), info.name, info.every_s), info)


def _key(point: PointConfig) -> Hashable:
    """1, 1.0 and True are different values."""
    values = vars(point).values()
    plain = [value if type(value).__hash__ is not None else repr(value) for value in values]
    return (type(point), *map(type, values), *plain)
