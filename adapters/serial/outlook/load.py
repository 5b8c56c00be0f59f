"""What the polls of a line cost it: bytes and time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.serial.config import Fixed, SerialDevice, SerialLink
from adapters.serial.config.message import MessageParts
from adapters.serial.talk.ground import ground_of
from adapters.serial.talk.script import Script
from gateway.model import Value
from gateway.values import Unwritable

ANSWER_S = 0.005
"""What a device is taken to need before it begins to answer, as for Modbus."""
ASSUMED_BYTES = 40
"""Of an answer of which nothing says how long it is: two lines of a scale."""


class Demand(NamedTuple):
    """What one message of one device asks of its line in each `every_s`; 0: it comes by itself.

    `guessed`: nothing says how long the answer is; an `example` would.
    """

    device: str
    message: str
    every_s: float
    points: int
    sent: int
    received: int
    guessed: bool
    line_s: float

    @property
    def share(self) -> float:
        """Of the line's time."""
        return self.line_s / self.every_s if self.every_s else 0.0


def demands(link: SerialLink, devices: Mapping[str, SerialDevice]) -> list[Demand]:
    """What these devices ask of their line, in the order of the file."""
    return [
        _demand(link, name, device, message, parts)
        for name, device in devices.items()
        for message, parts in device.parts()
    ]


def _demand(link: SerialLink, name: str, device: SerialDevice, message: str, parts: MessageParts) -> Demand:
    points = len(device.points_of(message))
    received, guessed = _received(link, parts)
    if parts.poll is None:
        return Demand(name, message, 0.0, points, 0, received, guessed, 0.0)
    ground = ground_of(link, device)
    script = ground.script(parts.poll)
    sent = sum(_size(script, ground.known))
    answers = max(1, sum(step.expect is not None for step in script.steps))
    line_s = (sent + answers * received) * link.character_s + answers * (ANSWER_S + link.pause_between)
    line_s += sum(step.pause_s for step in script.steps)
    return Demand(name, message, device.period_s(parts), points, sent, answers * received, guessed, line_s)


def _received(link: SerialLink, parts: MessageParts) -> tuple[int, bool]:
    """Bytes of an answer, and whether that is only guessed."""
    if parts.example is not None:
        return len(parts.example), False
    if isinstance(link.framing, Fixed):
        return link.framing.length, False
    return ASSUMED_BYTES, True


def _size(script: Script, known: Mapping[str, Value]) -> list[int]:
    """Bytes of each thing that is sent, as far as it is known before."""
    sizes: list[int] = []
    for template in script.sends:
        try:
            sizes.append(len(template.render({**dict.fromkeys(template.names, 1), **known})))
        except Unwritable:
            sizes.append(0)
    return sizes
