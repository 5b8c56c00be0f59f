"""A BLE device in the configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, model_validator
from typing_extensions import override

from adapters.ble import sig
from adapters.ble.config.data import AdvertData
from adapters.ble.config.decoder import DecoderName
from adapters.ble.config.gatt import BleCommand, Gatt
from adapters.ble.config.link import BleLink
from adapters.ble.config.names import Address, BindKey, IdentityKey, parse_uuid
from adapters.ble.config.point import Attribute, BlePoint
from adapters.ble.config.sense import beyond
from adapters.ble.quantities import PRESENT, quantity_of
from gateway.adapter import Commands, DeviceConfig, Identifier, Period, Steps
from gateway.model import Kind, PointGroup
from gateway.template import Template

STALE_AFTER_S = 300.0
"""Unless a device says otherwise: battery sensors advertise each second to each minute, and a few are lost."""

TYPE_OF = {"float": "float", "int": "int", "bool": "bool", "text": "string"}
"""Of the kind of a decoded value."""


class Parts(NamedTuple):
    """A device's points by how they come; each group is what one sample speaks of.

    `said`: in advertisements, where a sample may speak of some of them only; the adapter says itself which are stale:
    it alone hears what it does not tell again. `events`: likewise, but never stale: they happened. `present`: whether
    the device is heard. `reads`: by connection, a group for each period. `told`: by notification, a group for each
    characteristic; never stale while connected.
    """

    said: PointGroup | None
    events: PointGroup | None
    present: PointGroup | None
    reads: tuple[PointGroup, ...]
    told: tuple[PointGroup, ...]

    @property
    def heard(self) -> tuple[PointGroup, ...]:
        """Those that come with advertisements."""
        return tuple(each for each in (self.said, self.events, self.present) if each is not None)

    def groups(self) -> tuple[PointGroup, ...]:
        """All of them."""
        return (*self.heard, *self.reads, *self.told)


class BleDevice(DeviceConfig[BlePoint]):
    """One device: what it advertises, and what is read or written over a connection."""

    address: Address | None = Field(None, description="in quotes; with an identity_key it may be left out")
    identity_key: IdentityKey | None = Field(
        None, description="resolves the private addresses of a device that changes them: write ${secret:NAME}"
    )
    decoder: DecoderName | None = Field(None, description="who makes values of its advertisements; auto finds out")
    key: BindKey | None = Field(None, description="for encrypted advertisements, in hex: write ${secret:NAME}")
    data: AdvertData | None = Field(None, description="the part of advertisements in which points stand `at` places")
    stale_after: Period | Literal["never"] = Field(
        STALE_AFTER_S, description="silent for so long its advertised values are stale, and it is not present any more"
    )
    gatt: Gatt = Gatt()
    points: dict[Identifier, BlePoint] = Field(
        {}, description="without any, those that the decoder finds are learned as they are heard"
    )
    commands: Commands[Steps | BleCommand] = {}  # type: ignore[assignment]  # its own, too

    @model_validator(mode="before")
    @classmethod
    def _types_are_known(cls, given: Any) -> Any:
        points = given.get("points") if isinstance(given, dict) else None
        if not isinstance(points, dict):
            return given
        return {**given, "points": {name: _completed(str(name), point) for name, point in points.items()}}

    @property
    def decodes(self) -> DecoderName | None:
        """Who makes values of its advertisements; None: nobody, as none are wanted."""
        if self.decoder is not None:
            return self.decoder
        wanted = [point for point in self.points.values() if point.attribute is None and point.at is None]
        return "auto" if wanted or not self.points else None

    @property
    def learns(self) -> bool:
        """Whether its points are those that its decoder finds."""
        return not self.points and self.decoder is not None

    @property
    def keeps(self) -> bool:
        """Whether the connection is kept."""
        if self.gatt.connect == "auto":
            return any(point.notify for point in self.points.values())
        return self.gatt.connect == "kept"

    @property
    def stale_after_s(self) -> float:
        """Seconds; 0: never."""
        return 0.0 if self.stale_after == "never" else self.stale_after

    def address_on(self, link: BleLink) -> str:
        """Where the device is found, for people."""
        radio = link.radio or "bluetooth"
        return f"{radio} {self.address or 'by its identity key'}"

    def parts(self, device: str) -> Parts:
        """Its points by how they come."""
        said, events, present = _advertised(self.points)
        return Parts(
            said=self._group(device, said, 0.0, 0.0),
            events=self._group(device, events, 0.0, 0.0),
            present=self._group(device, present, 0.0, 0.0),
            reads=tuple(self._reads(device)),
            told=tuple(self._told(device)),
        )

    @override
    def groups(self, device: str) -> tuple[PointGroup, ...]:
        """All of these."""
        return self.parts(device).groups()

    def told_at(self) -> dict[Attribute, list[str]]:
        """The points that are notified, by where."""
        found: dict[Attribute, list[str]] = {}
        for name, point in self.points.items():
            if point.notify and point.attribute is not None:
                found.setdefault(point.attribute, []).append(name)
        return found

    def _reads(self, device: str) -> Iterator[PointGroup]:
        by_period: dict[float, list[str]] = {}
        for name, point in self.points.items():
            if point.attribute is not None and not point.notify:
                by_period.setdefault(point.every or self.every, []).append(name)
        for every_s, names in by_period.items():
            yield PointGroup(device, every_s, tuple(names), tuple(self.points[name].kind for name in names))

    def _told(self, device: str) -> Iterator[PointGroup]:
        for names in self.told_at().values():
            yield PointGroup(device, 0.0, tuple(names), tuple(self.points[name].kind for name in names), 0.0)

    def _group(self, device: str, names: list[str], every_s: float, stale_s: float) -> PointGroup | None:
        kinds = tuple(self.points[name].kind for name in names)
        return PointGroup(device, every_s, tuple(names), kinds, stale_s) if names else None

    @model_validator(mode="after")
    def _is_somewhere(self) -> BleDevice:
        if self.address is None and self.identity_key is None:
            raise ValueError('it needs its address, as in address: "AA:BB:CC:DD:EE:FF" - `fieldgate scan ble` shows it')
        if not self.points and self.decoder is None:
            raise ValueError("it has no points: name some, or write decoder: auto to have those that it advertises")
        return self

    @model_validator(mode="after")
    def _points_are_somewhere(self) -> BleDevice:
        for name, point in self.points.items():
            if point.at is not None and point.attribute is None and (point.data or self.data) is None:
                raise ValueError(
                    f"points.{name}: `at` which byte of what? Give the device data: {{manufacturer: 0x0499}} or "
                    '{service: "181a"}, or the point a characteristic'
                )
            if (sentence := beyond(point, point.data or self.data)) is not None:
                raise ValueError(f"points.{name}: {sentence}")
            if point.every is not None and (point.attribute is None or point.notify):
                raise ValueError(f"points.{name}: every is for what is read; this comes when the device sends it")
            if point.standard is not None and point.called(name) not in point.standard.fields:
                known = ", ".join(point.standard.fields)
                raise ValueError(f"points.{name}: that characteristic has {known}: say which in `from`")
        return self

    @model_validator(mode="after")
    def _commands_can_be_sent(self) -> BleDevice:
        for name, command in (self.commands or {}).items():
            if isinstance(command, BleCommand):
                names = Template(command.send).names
                if unknown := sorted(names - set(command.args)):
                    raise ValueError(f"commands.{name}: {{{unknown[0]}}} is none of its args: name it there")
        return self


def _advertised(points: Mapping[str, BlePoint]) -> tuple[list[str], list[str], list[str]]:
    """Names of points that are said, that happen, and that say whether the device is there."""
    said: list[str] = []
    events: list[str] = []
    present: list[str] = []
    for name, point in points.items():
        if point.attribute is not None:
            continue
        what = None if point.at is not None else quantity_of(point.called(name))
        if point.at is None and point.called(name) == PRESENT:
            present.append(name)
        elif what is not None and what.is_event:
            events.append(name)
        else:
            said.append(name)
    return said, events, present


def _completed(name: str, point: Any) -> Any:
    """With the type and the unit that its decoder or its standard format says, where it has none of its own.

    What no decoder tells gets any type: `outlook` says then which name was meant.
    """
    if point is None:
        point = {}
    if not isinstance(point, dict) or "type" in point or "at" in point or "descriptor" in point:
        return point
    called = point.get("from", name)
    if "characteristic" not in point:
        known = quantity_of(str(called))
        kind, unit = (known.kind, known.unit) if known is not None else _ANY
    else:
        kind, unit = _standard(called, point["characteristic"])
    if kind is None:
        return point
    filled = {**point, "type": TYPE_OF[kind]}
    if unit is not None and "enum" not in point and "scale" not in point and "offset" not in point:
        filled.setdefault("unit", unit)
    return filled


_ANY: tuple[Kind | None, str | None] = ("float", None)
"""Where something else is wrong, and is said."""
_UNKNOWN: tuple[Kind | None, str | None] = (None, None)


def _standard(called: Any, characteristic: Any) -> tuple[Kind | None, str | None]:
    try:
        name = sig.by_uuid(parse_uuid(characteristic, sig.CHARACTERISTIC_UUIDS))
    except ValueError:
        return _ANY
    if name is None:
        return _UNKNOWN
    fields = sig.CHARACTERISTICS[name].fields
    field = fields.get(str(called)) or (next(iter(fields.values())) if len(fields) == 1 else None)
    return (field.kind, field.unit) if field is not None else _UNKNOWN
