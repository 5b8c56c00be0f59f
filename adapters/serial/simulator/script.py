"""Everything that a gateway may say to a device, and what it then hears. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from adapters.serial.checksums import Seal
from adapters.serial.config import NamedBaudrate, PointWrite, Poll, SerialCommand, SerialDevice, TalkStep
from adapters.serial.simulator.ear import Known
from gateway.model import Value
from gateway.template.template import Template

Kind = Literal["connect", "poll", "command", "write", "ack"]


@dataclass(frozen=True, eq=False)
class Script:
    """A conversation of one device, step by step; `name`: which message, command or point it is about.

    `error`: what it says when it refuses.
    """

    device: str
    kind: Kind
    name: str
    steps: tuple[TalkStep, ...]
    error: str | None = None


class Cue(NamedTuple):
    """One step of a script, in which something is said to the device."""

    script: Script
    at: int

    @property
    def step(self) -> TalkStep:
        """What is said and expected there."""
        return self.script.steps[self.at]

    @property
    def is_last(self) -> bool:
        """Whether nothing more is said after it."""
        return not any(step.send is not None for step in self.script.steps[self.at + 1 :])

    def expects(self) -> Iterator[str]:
        """What is awaited before something else is said."""
        if self.step.expect is not None:
            yield self.step.expect
        for step in self.script.steps[self.at + 1 :]:
            if step.send is not None:
                return
            if step.expect is not None:
                yield step.expect

    @property
    def changes_speed(self) -> bool:
        """Whether both change their speed before the answer."""
        for step in self.script.steps[self.at + 1 :]:
            if step.send is not None or step.expect is not None:
                return False
            if step.baudrate is not None:
                return True
        return False

    def speeds(self) -> Mapping[str, str]:
        """Groups that must name a speed, each with one that the script knows: the last, which is the highest."""
        speeds = (step.baudrate for step in self.script.steps if isinstance(step.baudrate, NamedBaudrate))
        return {speed.from_: [*speed.table][-1] for speed in speeds}


class Bound:
    """A template, as it is said to a device of this address."""

    def __init__(self, template: Template, address: int | str | None) -> None:
        self._template = template
        self._own: dict[str, Value] = {} if address is None else {"address": address}

    def recognise(self, data: bytes) -> dict[str, Value] | None:
        """What stands in its places, if it was said to this device."""
        found = self._template.recognise(data)
        if found is None or "address" not in found:
            return found
        return found if self._template.render(found | self._own) == data else None


def scripts_of(name: str, device: SerialDevice) -> Iterator[Script]:
    """All of a device's."""
    for message, parts in device.parts():
        if parts.poll is not None:
            yield _script(name, "poll", message, parts.poll)
        if parts.ack is not None:
            yield Script(name, "ack", message, (TalkStep(send=parts.ack),))
    for command, about in (device.commands or {}).items():
        if isinstance(about, SerialCommand):
            yield _script(name, "command", command, about)
    for point, config in device.points.items():
        if config.write is not None:
            yield _script(name, "write", point, config.write)


def cues_of(script: Script, address: int | str | None, seal: Seal | None) -> Iterator[Known[Cue]]:
    """What is said in it."""
    for at, step in enumerate(script.steps):
        if step.send is not None:
            yield Known(Bound(Template(step.send, seal), address), Cue(script, at))


def _script(device: str, kind: Kind, name: str, said: Poll | PointWrite | SerialCommand) -> Script:
    if said.sequence is None:
        steps = [TalkStep(send=said.send, expect=said.expect)]
    else:
        steps = [*said.sequence, *([TalkStep(expect=said.expect)] if said.expect is not None else [])]
    return Script(device, kind, name, tuple(steps), said.error)
