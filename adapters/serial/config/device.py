"""A serial device in the configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field
from typing_extensions import override

from adapters.serial.config.decoding import Nmea
from adapters.serial.config.link import SerialLink
from adapters.serial.config.message import Message, MessageParts
from adapters.serial.config.point import SerialPoint
from adapters.serial.config.talk import SerialCommand
from gateway.adapter import Commands, DeviceConfig, Identifier, Period, Steps
from gateway.model import PointGroup

ONLY = ""
"""The name of the message of a device that has a single one."""
UNASKED_STALE_S = 30.0
"""For what a device sends by itself, unless it says otherwise."""


class SerialDevice(MessageParts, DeviceConfig[SerialPoint]):
    """One device on a link; its messages are told apart by `match`, devices of one line by `address`."""

    address: int | str | None = Field(None, description="its own, where the link's `address` says where that stands")
    messages: dict[Identifier, Message] = Field(
        {}, description="its kinds of frames, by name, if there are several; points say in which `message` they are"
    )
    timeout: Period = Field(1.0, description="how long an answer may take")
    probe_every: Period = Field(30.0, description="one that does not answer is tried so often, as far as there is time")
    commands: Commands[Steps | SerialCommand] = {}  # type: ignore[assignment]  # its own, too

    def address_on(self, link: SerialLink) -> str:
        """Where the device is found, for people."""
        return link.port if self.address is None else f"{link.port} address {self.address}"

    def parts(self) -> Iterator[tuple[str, MessageParts]]:
        """Its messages, by name."""
        if self.messages:
            yield from self.messages.items()
        else:
            yield ONLY, self

    def period_s(self, message: MessageParts) -> float:
        """How often a message is asked for, in seconds."""
        return (message.every if isinstance(message, Message) else None) or self.every

    def points_of(self, message: str) -> dict[str, SerialPoint]:
        """The points that are in a message."""
        return {
            name: point
            for name, point in self.points.items()
            if (point.message or ONLY) == message or not self.messages
        }

    @override
    def groups(self, device: str) -> tuple[PointGroup, ...]:
        """The points by the frame that they come in, in the order of the file."""
        return tuple(
            self.group(device, message, points)
            for name, message in self.parts()
            for points in self.bundles(name, message)
            if points
        )

    def bundles(self, name: str, message: MessageParts) -> list[dict[str, SerialPoint]]:
        """A message's points by the frames that they come in: a sentence each in NMEA, else all in one."""
        points = self.points_of(name)
        if not isinstance(message.decode, Nmea) or not points:
            return [points]
        sentences: dict[str, dict[str, SerialPoint]] = {}
        for point_name, point in points.items():
            sentence = point.called(point_name).partition(".")[0]
            sentences.setdefault(sentence, {})[point_name] = point
        return list(sentences.values())

    def group(self, device: str, message: MessageParts, points: Mapping[str, SerialPoint]) -> PointGroup:
        """Points that come in one frame."""
        return PointGroup(
            device,
            self.period_s(message) if message.poll is not None else 0.0,
            tuple(points),
            tuple(point.kind for point in points.values()),
            stale_after_s(message),
        )


def stale_after_s(message: MessageParts) -> float | None:
    """Seconds without one after which its values are stale; None: as the core has it, 0: never."""
    if message.stale_after == "never":
        return 0.0
    if message.stale_after is None and message.poll is None:
        return UNASKED_STALE_S
    return message.stale_after
