"""What a message of a device looks like, and what it says: resolved once, at the start. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod

from adapters.serial.framing.frame import Frame
from gateway.model import PointGroup
from gateway.values import Reading


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
