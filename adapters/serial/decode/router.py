"""Which device and message a frame is of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.decode.address import Address, address_key, address_of
from adapters.serial.decode.make import shapes_of
from adapters.serial.decode.shape import Shape
from adapters.serial.framing.frame import Frame
from gateway.model import BadReason
from gateway.values import Reading


class Heard(NamedTuple):
    """A frame, whose it is, and what it says."""

    shape: Shape
    reading: Reading
    frame: Frame

    @property
    def groups(self) -> dict[str, str]:
        """The named groups of the message's match, a character for each byte."""
        return self.shape.groups(self.frame)


class Router:
    """All messages of all devices of a link, in the order of the file.

    `strangers`: frames of addresses that no device here has; `unmatched`: frames that are no message of theirs;
    `undecodable`: messages some of whose points could not be decoded.
    """

    def __init__(self, link: SerialLink, devices: Mapping[str, SerialDevice]) -> None:
        self.strangers = 0
        self.unmatched = 0
        self.undecodable = 0
        self.shapes: Mapping[str, tuple[Shape, ...]] = {
            name: tuple(shapes_of(name, device, link)) for name, device in devices.items()
        }
        self._all = [shape for shapes in self.shapes.values() for shape in shapes]
        self._address_of = None if link.address is None else address_of(link.address, link.encoding)
        self._by_address: dict[Address, list[Shape]] = {}
        for name, device in devices.items():
            if link.address is not None and device.address is not None:
                key = address_key(device.address, link.address)
                self._by_address.setdefault(key, []).extend(self.shapes[name])

    def address_of(self, frame: Frame) -> Address | None:
        """What a frame says of whose it is: an int or a text as `address_key` has it; None where it says nothing."""
        return None if self._address_of is None else self._address_of(frame)

    def route(self, frame: Frame) -> Heard | None:
        """Whose it is; None, and counted, if it is nobody's."""
        shapes = self._candidates(frame)
        if shapes is None:
            self.strangers += 1
            return None
        for at, shape in enumerate(shapes):
            reading = shape.read(frame)
            if reading is not None:
                if shape.group.every_s and _fits_another(shape, shapes[at + 1 :], frame):
                    break
                if reading.bad:
                    self._count(reading)
                return Heard(shape, reading, frame)
        self.unmatched += 1
        return None

    def _candidates(self, frame: Frame) -> list[Shape] | None:
        if self._address_of is None:
            return self._all
        address = self._address_of(frame)
        return None if address is None else self._by_address.get(address)

    def _count(self, reading: Reading) -> None:
        if any(bad.reason is BadReason.DECODE_ERROR for bad in reading.bad.values()):
            self.undecodable += 1


def _fits_another(shape: Shape, others: list[Shape], frame: Frame) -> bool:
    """Whether an answer that nobody waits for could be to more than one question: then it is taken for nobody's."""
    mine = (shape.device, shape.message)
    return any((other.device, other.message) != mine and other.read(frame) is not None for other in others)
