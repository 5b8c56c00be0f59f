"""Points that are reported together, and the characteristics that they stand in. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.config import Attribute, BlePoint
from adapters.ble.gatt.values import Contents
from gateway.model import NOTHING_BAD, Bad, BadReason, PointGroup, Sample, Value
from gateway.values import Reading


class Group:
    """One read of each characteristic serves all of its points."""

    def __init__(self, group: PointGroup, points: Mapping[str, BlePoint]) -> None:
        self.group = group
        placed: dict[Attribute, dict[str, BlePoint]] = {}
        for name in group.points:
            attribute = points[name].attribute
            assert attribute is not None, "only such points are in these groups"
            placed.setdefault(attribute, {})[name] = points[name]
        self._contents = {attribute: Contents(inside) for attribute, inside in placed.items()}
        self._only = next(iter(self._contents.values())) if len(self._contents) == 1 else None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What must be read, in the order of the points."""
        return tuple(self._contents)

    def sample(self, found: Mapping[Attribute, bytes | Bad], time_ms: int) -> Sample:
        """Of what was read of each, or why it could not be."""
        if self._only is not None and isinstance(data := found[self.attributes[0]], bytes):
            return Sample(self.group, time_ms, *self._only.read(data))
        values: dict[str, Value | None] = {}
        bad: dict[str, Bad] = {}
        for attribute, contents in self._contents.items():
            reading = _reading(contents, found[attribute])
            values |= zip(contents.names, reading.values, strict=True)
            bad |= reading.bad
        return Sample(self.group, time_ms, tuple(values[name] for name in self.group.points), bad or NOTHING_BAD)

    def spoiled(self, reason: BadReason, time_ms: int) -> Sample:
        """Nothing is known of any of them."""
        names = self.group.points
        return Sample(self.group, time_ms, (None,) * len(names), dict.fromkeys(names, Bad(reason)))


def _reading(contents: Contents, found: bytes | Bad) -> Reading:
    if isinstance(found, bytes):
        return contents.read(found)
    return Reading((None,) * len(contents.names), dict.fromkeys(contents.names, found))
