"""What every link, device and point has in the configuration; adapters add what is theirs."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.adapter.basis import PERCENTAGE, Identifier, Labels, Period, StrictModel
from gateway.adapter.readback import ReadBack, check_read_backs
from gateway.adapter.writing import KINDS, FailSafe, Steps, WriteRules, check_commands, none_if_off, or_false
from gateway.model import DeviceInfo, Kind, PointGroup, PointInfo, Settling, Value
from gateway.units import Duration, Quota, Share, format_duration

DEFAULT_EVERY_S = 10.0
RECONNECT_MIN_S = 1.0
RECONNECT_MAX_S = 60.0


class Reconnect(StrictModel):
    """Pauses between attempts: they double from `min` to `max`, each jittered."""

    min: Period = RECONNECT_MIN_S
    max: Period = RECONNECT_MAX_S

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            limits = {"min": format_duration(self.min), "max": format_duration(self.max)}
            raise PydanticCustomError("reconnect_order", "min {min} is longer than max {max}", limits)
        return self


class ReportConfig(StrictModel):
    """What is reported of a point; what is absent is taken from the device, then from the top level."""

    on_change: bool | None = Field(None, description="true: only when the value or its quality changes")
    deadband: float | Annotated[str, Field(pattern=PERCENTAGE)] | None = Field(
        None, description="a change must be larger than this: a number in the point's unit, or '2%' of the last value"
    )
    heartbeat: Duration | None = Field(None, description="with on_change: report at least this often")
    interval: Duration | None = Field(
        None,
        description="at least this long between two reports; a point that turns bad or good again is told at once",
    )


def _range_in_order(limits: list[float]) -> list[float]:
    if not limits[0] <= limits[1]:
        raise PydanticCustomError("range_order", "the low end of the range is above its high end")
    return limits


class PointConfig(StrictModel):
    """What every point has, whatever its protocol. `type` is narrowed by the adapter."""

    type: str
    unit: str | None = Field(None, description="for people and dashboards")
    range: Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_range_in_order)] | None = Field(
        None, description="[low, high]: a value outside is bad, out-of-range"
    )
    enum: dict[int, Value] | None = Field(None, description="raw value: label; an unknown raw value is bad, invalid")
    writable: bool | WriteRules = Field(False, description="true, or what must hold: {min: ..., max: ..., ...}")
    verify: bool | ReadBack = Field(
        False,
        description="read a written value back and fail when it differs: true, or {tolerance: 0.5, settle: 200ms}",
    )
    every: Period | None = Field(None, description="poll period of this point, if not the device's")
    report: ReportConfig | None = None
    labels: Labels = {}

    @model_validator(mode="after")
    def _labels_are_unambiguous(self) -> Self:
        if self.enum is None:
            return self
        codes = [str(code) for code in self.enum]
        if twice := [code for code in codes if codes.count(code) > 1]:
            raise ValueError(f"the enum has {twice[0]} as a number and as a text: give it once")
        labels = [(type(label), label) for label in self.enum.values()]
        if len({kind for kind, _ in labels}) > 1:
            raise ValueError("the labels of an enum must be all text, all numbers of one kind or all true/false")
        if self.writable is not False and len(set(labels)) < len(labels):
            raise PydanticCustomError("enum_label", "a writable enum needs a different label for each raw value")
        return self

    @property
    def kind(self) -> Kind:
        """How the value is written in JSON."""
        raise NotImplementedError(f"{type(self).__name__} must say how its values are written")

    @property
    def read_back(self) -> ReadBack | None:
        """How its adapter reads a written value back; None if it is not, or the core does so once it has settled."""
        read_back = self.verify if isinstance(self.verify, ReadBack) else ReadBack() if self.verify else None
        return None if read_back is not None and read_back.settle else read_back

    def unwritable(self, value: Value) -> str | None:  # noqa: ARG002 - for adapters to use
        """Why it can't hold a value of its kind, in a sentence for people; None if it can, or nobody can tell."""
        return None

    def off_limits(self, rounded: Value) -> str | None:
        """Why what would really be written may not be: the nearest that the device can hold can lie beyond a limit."""
        if not isinstance(self.writable, WriteRules) or isinstance(rounded, str | bool):
            return None
        low, high = self.writable.min, self.writable.max
        if (low is None or low <= rounded) and (high is None or rounded <= high):
            return None
        return f"{rounded} is the nearest value that can be written, and outside what its writable allows"


PointT = TypeVar("PointT", bound=PointConfig)


class LinkConfig(StrictModel):
    """What every link has. `adapter` names the entry point that serves it."""

    adapter: str
    reconnect: Reconnect = Reconnect()
    poll_share: Share = Field(0.3, description="of the link's time, kept for polls however many commands come")

    @property
    def exclusive(self) -> str | None:
        """What no other link may have, such as a serial port; None: nothing."""
        return None


CommandT = TypeVar("CommandT")

Commands = Annotated[
    dict[Identifier, CommandT] | None,
    BeforeValidator(none_if_off),
    Field(
        description="commands by name, for `invoke`; false: nothing is written to this device by anyone",
        json_schema_extra=or_false,
    ),
]
"""What each of a device's commands is: Steps, and what its adapter carries out itself. None: `commands: false`."""


class DeviceConfig(StrictModel, Generic[PointT]):
    """What every device has."""

    link: str
    every: Period = Field(DEFAULT_EVERY_S, description="poll period, on a grid of whole periods")
    phase: Duration = Field(0.0, description="moves this device's polls aside on the grid")
    points: dict[Identifier, PointT] = Field(min_length=1)
    report: ReportConfig | None = None
    labels: Labels = {}
    commands: Commands[Steps] = {}
    max_write_rate: Quota | None = Field(None, description="commands that write or invoke, as in 30/min")
    on_uplink_lost: FailSafe | None = Field(None, description="what is written when the cloud has been away for long")

    @field_validator("phase")
    @classmethod
    def _within_period(cls, phase_s: float, info: ValidationInfo) -> float:
        every_s = info.data.get("every")
        if every_s is not None and phase_s >= every_s:
            period = {"every": format_duration(every_s)}
            raise PydanticCustomError("phase_beyond_period", "must be shorter than every, which is {every}", period)
        return phase_s

    @model_validator(mode="after")
    def _numbers_are_asked_of_numbers(self) -> Self:
        _check_limits(self.points)
        return self

    @model_validator(mode="after")
    def _commands_make_sense(self) -> Self:
        check_commands(self)
        check_read_backs(self)
        return self

    def address_on(self, link: Any) -> str:
        """Where the device is found, for people."""
        raise NotImplementedError(f"{type(self).__name__} must say where it is found")

    def groups(self, device: str) -> tuple[PointGroup, ...]:
        """The points by poll period, in the order of the file."""
        by_period: dict[float, list[str]] = {}
        for name, point in self.points.items():
            by_period.setdefault(point.every or self.every, []).append(name)
        return tuple(
            PointGroup(device, every_s, tuple(names), tuple(self.points[name].kind for name in names))
            for every_s, names in by_period.items()
        )

    def describe(self, device: str, link_id: str, link: LinkConfig) -> DeviceInfo:
        """What the core and the cloud may know of this device."""
        groups = self.groups(device)
        every_s = {name: group.every_s for group in groups for name in group.points}
        return DeviceInfo(
            device=device,
            link=link_id,
            address=self.address_on(link),
            every_s=self.every if any(every_s.values()) or not every_s else 0.0,
            points={
                name: _describe_point(name, point, every_s.get(name, self.every)) for name, point in self.points.items()
            },
            groups=groups,
            labels=self.labels,
            takes_commands=self.commands is not None,
            commands={name: command.describe() for name, command in (self.commands or {}).items()},
            max_write_rate=self.max_write_rate,
            fail_safe=self.on_uplink_lost.describe() if self.on_uplink_lost is not None else None,
        )


def _check_limits(points: Any) -> None:
    """Raises ValueError. Points of an adapter that is not there are of any shape."""
    for name, point in points.items() if isinstance(points, dict) else ():
        key = _for_numbers(point) if isinstance(point, PointConfig) else None
        if key is not None and point.kind in ("bool", "text"):
            raise ValueError(f"points.{name}: {key} is for numbers, and this is {KINDS[point.kind]}: leave it out")


def _for_numbers(point: PointConfig) -> str | None:
    """What it says of its own that only a number can have."""
    if point.range is not None:
        return "range"
    if point.report is not None and point.report.deadband not in (None, 0):
        return "report.deadband"
    for key in ("min", "max"):
        if isinstance(point.writable, WriteRules) and getattr(point.writable, key) is not None:
            return f"writable.{key}"
    return None


def _describe_point(name: str, point: PointConfig, every_s: float) -> PointInfo:
    rules = point.writable if isinstance(point.writable, WriteRules) else WriteRules()
    return PointInfo(
        name=name,
        type=point.type,
        kind=point.kind,
        every_s=every_s,
        unit=point.unit,
        enum=point.enum,
        range=(point.range[0], point.range[1]) if point.range else None,
        writable=point.writable is not False,
        write_min=rules.min,
        write_max=rules.max,
        guards=rules.guards(),
        labels=point.labels,
        settling=_settling(point.verify),
    )


def _settling(verify: bool | ReadBack) -> Settling | None:
    return Settling(verify.settle, verify.tolerance) if isinstance(verify, ReadBack) and verify.settle else None
