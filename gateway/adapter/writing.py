"""What may be written to a device, by whom and when: the configuration's part of every command."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.adapter.basis import Identifier, Period, StrictModel
from gateway.model import CommandInfo, FailSafeInfo, Guards, Step, Value
from gateway.units import Hours, Quota, format_duration

MAX_STEPS = 100
"""Of one command: what is longer is a program, and belongs into a PLC."""

MAX_PAUSE_S = 60.0
"""Of all pauses of one command: meanwhile nothing else is written to its device."""


class Guarded(StrictModel):
    """What must hold before anything is sent to the device."""

    max_rate: Quota | None = Field(None, description="at most so many in any such time, as in 6/min")
    confirm: bool = Field(False, description="only a second command, with the token of the first one's answer, is done")
    hours: Hours = Field((), description="times of day in gateway.timezone, as in '06:00-22:00', or a list of them")
    interlock: dict[Identifier, Value] = Field(
        {}, description="points of this device that must read so, freshly read just before: {pump: false}"
    )

    def guards(self) -> Guards:
        """The same for the core."""
        return Guards(self.max_rate, self.confirm, self.hours, self.interlock)


class WriteRules(Guarded):
    """A point may be written within these limits, in its own unit, while all the rest holds."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and not self.min <= self.max:
            raise PydanticCustomError("limits_order", "min is above max")
        return self


class StepConfig(StrictModel):
    """Points to write at once, or a pause."""

    write: Annotated[dict[Identifier, Value], Field(min_length=1)] | None = None
    pause: Period | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.write is None) == (self.pause is None):
            raise ValueError("a step is either write: {point: value} or pause: 2s")
        return self


class Steps(Guarded):
    """A command that writes points one step after the other, with pauses."""

    steps: Annotated[list[StepConfig], Field(min_length=1, max_length=MAX_STEPS)]
    description: str = ""

    @model_validator(mode="after")
    def _short(self) -> Self:
        if (paused_s := sum(step.pause or 0 for step in self.steps)) > MAX_PAUSE_S:
            raise ValueError(f"its pauses take {format_duration(paused_s)}, more than {format_duration(MAX_PAUSE_S)}")
        return self

    def describe(self) -> CommandInfo:
        """The same for the core."""
        steps = tuple(Step(step.write or {}, step.pause or 0.0) for step in self.steps)
        return CommandInfo(self.guards(), steps, self.description)


class FailSafe(StrictModel):
    """Values that are safe while nobody can command the device from afar."""

    after: Period = Field(description="how long the uplink must have been away")
    write: Annotated[dict[Identifier, Value], Field(min_length=1)]
    endpoint: Identifier | None = Field(None, description="whose loss counts; all of them if not given")

    def describe(self) -> FailSafeInfo:
        """The same for the core."""
        return FailSafeInfo(self.after, self.write, self.endpoint)


def none_if_off(given: Any) -> Any:
    """What `commands: false` means, and what an empty one does not."""
    if given is None:
        return {}
    return None if given is False else given


def or_false(schema: dict[str, Any]) -> None:
    """What people write for it."""
    schema["anyOf"] = [{"const": False}, *schema["anyOf"]]


def check_commands(device: Any) -> None:
    """What the commands of a device's configuration name must exist and be possible; raises ValueError."""
    for place, name, value in _named(device):
        if name not in device.points:
            raise ValueError(f"{place}: no point '{name}'{_near(name, device.points)}")
        _check_value(f"{place}.{name}", device.points[name], value)
    if device.commands is None and device.on_uplink_lost is not None:
        raise ValueError("on_uplink_lost writes to this device, but commands: false forbids that")
    for place, writes in _writes(device):
        for name, value in writes.items():
            _check_write(f"{place}.{name}", device.points[name], value)


def _named(device: Any) -> Iterator[tuple[str, str, Value]]:
    """Every point that is named anywhere, with its value."""
    for place, values in [*_interlocks(device), *_writes(device)]:
        for name, value in values.items():
            yield place, name, value


def _interlocks(device: Any) -> Iterator[tuple[str, Mapping[str, Value]]]:
    for name, point in device.points.items():
        if isinstance(point.writable, WriteRules):
            yield f"points.{name}.writable.interlock", point.writable.interlock
    for name, command in (device.commands or {}).items():
        yield f"commands.{name}.interlock", command.interlock


def _writes(device: Any) -> Iterator[tuple[str, Mapping[str, Value]]]:
    for name, command in (device.commands or {}).items():
        for number, step in enumerate(getattr(command, "steps", ())):
            yield f"commands.{name}.steps[{number}].write", step.write or {}
    if device.on_uplink_lost is not None:
        yield "on_uplink_lost.write", device.on_uplink_lost.write


KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "text": "text"}
"""What a point of this kind is worth, for people."""


def _check_value(place: str, point: Any, value: Value) -> None:
    """Only the kind; what a point can hold, the adapter knows."""
    labels = list((point.enum or {}).values())
    if labels and value not in labels:
        raise ValueError(f"{place}: must be {' or '.join(map(repr, labels))}{_near(value, labels)}")
    fits = {
        "bool": isinstance(value, bool),
        "text": isinstance(value, str),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not labels and not fits[point.kind]:
        raise ValueError(f"{place}: must be {KINDS[point.kind]}")


def _check_write(place: str, point: Any, value: Value) -> None:
    if point.writable is False:
        raise ValueError(f"{place}: that point is not writable")
    if (why := point.unwritable(value)) is not None:
        raise ValueError(f"{place}: {why}")
    rules = point.writable if isinstance(point.writable, WriteRules) else WriteRules()
    if isinstance(value, str | bool):
        return
    if (rules.min is not None and value < rules.min) or (rules.max is not None and value > rules.max):
        raise ValueError(f"{place}: {value:g} is outside what its writable allows")


def _near(word: object, known: Any) -> str:
    near = difflib.get_close_matches(str(word), [str(each) for each in known], n=1)
    return f" - did you mean '{near[0]}'?" if near else ""
