"""What a message of a device looks like, and what it says: resolved once, at the start. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.serial.framing.frame import Frame
from gateway.model import NOTHING_BAD, Bad, PointGroup, Value
from gateway.values import Spoiled


class Reading(NamedTuple):
    """What a frame says: `values` in the order of the shape's points, None exactly where `bad` names the point."""

    values: tuple[Value | None, ...]
    bad: Mapping[str, Bad]


class Shape(ABC):
    """One kind of frame of one device; `message` is its name in the configuration, "" for a device's only one."""

    device: str
    message: str
    group: PointGroup

    @abstractmethod
    def read(self, frame: Frame) -> Reading | None:
        """What it says; None if it is no such frame. The address is not looked at: the router has done so."""

    def groups(self, frame: Frame) -> dict[str, str]:  # noqa: ARG002 - for shapes whose match is a pattern
        """The named groups of its match that took part, a character for each byte."""
        return {}


Read = Callable[[Any], Value]
"""What a frame has for a point, to its value; raises Spoiled."""


def reading(names: Iterable[str], reads: Sequence[Read], parts: Sequence[Any]) -> Reading:
    """The values of points, from what the frame has for each."""
    try:
        return Reading(tuple([read(part) for read, part in zip(reads, parts, strict=True)]), NOTHING_BAD)
    except Spoiled:
        return _sifted(names, reads, parts)


def _sifted(names: Iterable[str], reads: Sequence[Read], parts: Sequence[Any]) -> Reading:
    """The same where some are not good."""
    values: list[Value | None] = []
    bad: dict[str, Bad] = {}
    for name, read, part in zip(names, reads, parts, strict=True):
        try:
            values.append(read(part))
        except Spoiled as spoiled:
            values.append(None)
            bad[name] = spoiled.bad
    return Reading(tuple(values), bad)
