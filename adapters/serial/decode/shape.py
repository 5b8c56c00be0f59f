"""What a message of a device looks like, and what it says: resolved once, at the start. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from adapters.serial.framing.frame import Frame
from gateway.model import Bad, PointGroup, Value


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
