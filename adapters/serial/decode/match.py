"""Whether a frame is of a message, as its `match` says. Pure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.config.message import Bytes, MessageParts
from adapters.serial.decode.shape import Shape
from adapters.serial.framing.frame import Frame
from adapters.serial.patterns import Encoding, Pattern, compiled
from gateway.model import PointGroup
from gateway.values import Reading

Fits = Callable[[Frame], bool]


class Match:
    """What frames of a message look like; `fits` is None where nothing is said of it."""

    def __init__(self, message: MessageParts, encoding: Encoding) -> None:
        match = message.match
        self.pattern: Pattern | None = compiled(match, encoding) if isinstance(match, str) else None
        self.fits: Fits | None = None
        if self.pattern is not None:
            self.fits = _finds(self.pattern)
        elif isinstance(match, list):
            self.fits = _has(match)

    def groups(self, frame: Frame) -> dict[str, str]:
        """The named groups that took part, a character for each byte."""
        return (self.pattern.groups(frame.body) if self.pattern is not None else None) or {}


class Plan(NamedTuple):
    """What a shape is made from; `points` are the group's."""

    message: str
    group: PointGroup
    match: Match
    points: Mapping[str, SerialPoint]
    encoding: Encoding

    @property
    def calls(self) -> list[str]:
        """What the points are called within the message."""
        return [point.called(name) for name, point in self.points.items()]


class MatchedShape(Shape):
    """What fits a match, if there is one, and is then decoded."""

    def __init__(self, plan: Plan) -> None:
        self.device = plan.group.device
        self.message = plan.message
        self.group = plan.group
        self.match = plan.match
        self._fits = plan.match.fits

    @override
    def read(self, frame: Frame) -> Reading | None:
        if self._fits is not None and not self._fits(frame):
            return None
        return self.decode(frame)

    @abstractmethod
    def decode(self, frame: Frame) -> Reading | None:
        """What a frame says that fits; without a match, None if it is no such frame."""

    @override
    def groups(self, frame: Frame) -> dict[str, str]:
        return self.match.groups(frame)


def _finds(pattern: Pattern) -> Fits:
    search = pattern.search
    return lambda frame: search(frame.body) is not None


def _has(marks: Sequence[Bytes]) -> Fits:
    wanted = [(mark.is_, mark.at) for mark in marks]
    shortest = max(at + len(octets) if at >= 0 else -at for octets, at in wanted)

    def fits(frame: Frame) -> bool:
        data = frame.data
        return len(data) >= shortest and all(data.startswith(octets, at) for octets, at in wanted)

    return fits
