"""From an advertisement, and what a decoder makes of it, to what is said of a device's points. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice
from adapters.ble.decoders.contract import Told
from adapters.ble.decoders.fields import FieldDecoder
from adapters.ble.decoders.named import NamedReader
from adapters.ble.heard.collapse import Found
from adapters.ble.quantities import LOST, NAME, PRESENT, RSSI, TX_POWER
from gateway.model import PointGroup, Value
from gateway.values import Reading

OF_THE_RADIO = frozenset({RSSI, NAME, TX_POWER, PRESENT})
"""What needs no decoder."""

NOTHING: Found = {}


class Points:
    """Those that a device advertises, by how they are told."""

    def __init__(self, name: str, device: BleDevice) -> None:
        parts = device.parts(name)
        self.said, self.events, self.present = parts.said, parts.events, parts.present
        self.restless = frozenset(_called(device, self.said, RSSI))
        """Of `said`, those that are never the same twice."""
        self._placed = FieldDecoder(device.points, device.data)
        said = _names(self.said)
        self._named = [each for each in said if each not in self._placed.points]
        self._read_said = NamedReader({each: device.points[each] for each in self._named})
        self._read_events = NamedReader({each: device.points[each] for each in _names(self.events)})
        self._read_present = NamedReader({each: device.points[each] for each in _names(self.present)})
        called = {device.points[each].called(each) for each in (*self._named, *_names(self.events))}
        self.wants_decoder = device.learns or bool(called - OF_THE_RADIO)
        self.wants_data = self.wants_decoder or bool(self._placed.points)

    def placed(self, advert: Advert) -> Found:
        """What stands at places in its data; nothing where none of that is there."""
        reading = self._placed.read(advert) if self._placed.points else None
        return NOTHING if reading is None else _found(self._placed.points, reading)

    def has_placed(self, found: Found) -> bool:
        """Whether any of these is of that kind."""
        return any(name in found for name in self._placed.points)

    def named(self, advert: Advert, told: Told | None, lost: int) -> Found:
        """What has a name, in the order of the points."""
        names: dict[str, Value] = {RSSI: advert.rssi}
        absent: tuple[str, ...] = ()
        if advert.name is not None:
            names[NAME] = advert.name
        if advert.tx_power is not None:
            names[TX_POWER] = advert.tx_power
        if told is not None:
            names.update(told.values)
            absent = told.absent
            if told.counter is not None:
                names[LOST] = lost
        return _found(self._named, self._read_said.read(names, absent))

    def happened(self, told: Told) -> Found:
        """Of its events."""
        return _found(_names(self.events), self._read_events.read(told.values)) if self.events is not None else NOTHING

    def there(self, is_there: bool) -> Found:
        """Whether it is heard."""
        if self.present is None:
            return NOTHING
        return _found(self.present.points, self._read_present.read({PRESENT: is_there}))


def _names(group: PointGroup | None) -> tuple[str, ...]:
    return group.points if group is not None else ()


def _called(device: BleDevice, group: PointGroup | None, name: str) -> Iterable[str]:
    """The points that have this name's value."""
    points: Mapping[str, object] = device.points
    return (each for each in _names(group) if each in points and device.points[each].called(each) == name)


def _found(names: Iterable[str], reading: Reading) -> Found:
    told, bad = zip(names, reading.values, strict=True), reading.bad
    if not bad:
        return {name: value for name, value in told if value is not None}
    return {name: bad[name] if value is None else value for name, value in told if value is not None or name in bad}
