"""The adapter contract: what a protocol must offer to become part of the house.

One adapter instance serves one link (a host, a serial port, a radio) and all devices on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gateway.model import Command, DeviceInfo, DeviceStatus, Kind, PointGroup, PointInfo, Result, Sample, Value
from gateway.units import Duration, format_duration

DEFAULT_EVERY_S = 10.0
RECONNECT_MIN_S = 1.0
RECONNECT_MAX_S = 60.0

IDENTIFIER = r"^[A-Za-z0-9_-]{1,64}$"
PERCENTAGE = r"^\d+(\.\d+)?%$"

Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
Labels = dict[str, str]


class AdapterError(Exception):
    """The link is lost; the supervisor starts a fresh instance after a pause."""


class PermanentError(Exception):
    """Only a person can mend it: the link or endpoint is parked until its configuration changes."""


class Rejected(Exception):
    """A command was refused and the device was not touched."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class StrictModel(BaseModel):
    """A part of the configuration: unknown keys are errors, values keep their YAML type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _longer_than_zero(seconds: float) -> float:
    if seconds <= 0:
        raise PydanticCustomError("zero_duration", "must be longer than zero")
    return seconds


Period = Annotated[Duration, AfterValidator(_longer_than_zero)]
"""Seconds, written with a unit; never zero."""


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


class WriteLimits(StrictModel):
    """A point may be written within these limits, in its own unit."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and not self.min <= self.max:
            raise PydanticCustomError("limits_order", "min is above max")
        return self


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
    writable: bool | WriteLimits = Field(False, description="true, or {min: ..., max: ...}")
    verify: bool = Field(False, description="read a written value back and fail when it differs")
    every: Period | None = Field(None, description="poll period of this point, if not the device's")
    report: ReportConfig | None = None
    labels: Labels = {}

    @model_validator(mode="after")
    def _labels_are_unambiguous(self) -> Self:
        labels = [(type(label), label) for label in (self.enum or {}).values()]
        if self.writable is not False and len(set(labels)) < len(labels):
            raise PydanticCustomError("enum_label", "a writable enum needs a different label for each raw value")
        return self

    @property
    def kind(self) -> Kind:
        """How the value is written in JSON."""
        raise NotImplementedError(f"{type(self).__name__} must say how its values are written")


PointT = TypeVar("PointT", bound=PointConfig)


class LinkConfig(StrictModel):
    """What every link has. `adapter` names the entry point that serves it."""

    adapter: str
    reconnect: Reconnect = Reconnect()


class DeviceConfig(StrictModel, Generic[PointT]):
    """What every device has."""

    link: str
    every: Period = Field(DEFAULT_EVERY_S, description="poll period, on a grid of whole periods")
    phase: Duration = Field(0.0, description="moves this device's polls aside on the grid")
    points: dict[Identifier, PointT] = Field(min_length=1)
    report: ReportConfig | None = None
    labels: Labels = {}

    @field_validator("phase")
    @classmethod
    def _within_period(cls, phase_s: float, info: ValidationInfo) -> float:
        every_s = info.data.get("every")
        if every_s is not None and phase_s >= every_s:
            period = {"every": format_duration(every_s)}
            raise PydanticCustomError("phase_beyond_period", "must be shorter than every, which is {every}", period)
        return phase_s

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
        return DeviceInfo(
            device=device,
            link=link_id,
            address=self.address_on(link),
            every_s=self.every,
            points={name: _describe_point(name, point, self.every) for name, point in self.points.items()},
            groups=self.groups(device),
            labels=self.labels,
        )


def _describe_point(name: str, point: PointConfig, device_every_s: float) -> PointInfo:
    limits = point.writable if isinstance(point.writable, WriteLimits) else WriteLimits()
    return PointInfo(
        name=name,
        type=point.type,
        kind=point.kind,
        every_s=point.every or device_every_s,
        unit=point.unit,
        enum=point.enum,
        range=(point.range[0], point.range[1]) if point.range else None,
        writable=point.writable is not False,
        write_min=limits.min,
        write_max=limits.max,
        labels=point.labels,
    )


class Emit(Protocol):
    """How an adapter hands over what it read."""

    def __call__(self, item: Sample | DeviceStatus, /) -> None:
        """Take it without ever waiting; overflow is counted and reported by the core."""

    async def durable(self, sample: Sample, /) -> None:
        """Return once the sample is on disk, for devices that delete what we acknowledge."""


Memory = Mapping[str, MutableMapping[str, Any]]
"""Per device, small JSON-like facts an adapter learned; kept by the core across restarts."""


class Adapter(ABC):
    """One link and the devices on it."""

    Link: ClassVar[type[LinkConfig]]
    Device: ClassVar[type[DeviceConfig[Any]]]
    concurrency: ClassVar[int] = 1
    """How many commands the core may have under way at once."""

    @abstractmethod
    def __init__(self, link: Any, devices: Mapping[str, Any], memory: Memory) -> None:
        """Store; no I/O. `devices` maps ids to `Device` instances."""

    @abstractmethod
    async def run(self, emit: Emit) -> None:
        """Connect, read and emit until cancelled; everything opened here is closed on the way out.

        Never reconnects: raises AdapterError when the link is lost, PermanentError when a person must act.
        """

    @abstractmethod
    async def execute(self, command: Command) -> Result:
        """Carry a command out before its deadline, ahead of polls; may run beside `run`.

        Raises Rejected when the device was not touched.
        """

    def counters(self) -> Mapping[str, int]:
        """What this instance has counted so far, by short names; shown in the gateway's status, also after its end."""
        return {}

    @classmethod
    def plan_summary(cls, link: Any, devices: Mapping[str, Any]) -> list[str]:  # noqa: ARG003 - for adapters to use
        """How the devices of a link will be polled, in lines for people; empty where there is nothing to say."""
        return []

    @classmethod
    def simulate(cls, link: Any, devices: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
        """Be the devices of a link, for tests and demonstrations."""
        raise NotImplementedError(f"{cls.__name__} has no simulator")
