"""How long devices are connected to, of which a radio bears a few at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.crowd import connects
from adapters.ble.quantities import NAME, PRESENT, RSSI, TX_POWER

CONNECT_S = 2.0
"""What a connection with known services is taken to need: 0.4 s beside the radio, and devices advertise seldom."""
READ_S = 0.1
"""What one read is taken to need: two connection events, as devices space them that save power."""

COMMANDS = "commands"
"""How nothing comes: it is connected to when somebody asks for something."""

UNDECODED = frozenset({RSSI, TX_POWER, NAME, PRESENT})
"""What is known of a device whatever it says."""


class Demand(NamedTuple):
    """What one device wants in one way: `how` it comes, and `every_s`, 0: as it comes.

    `each_s`: how long it is connected each time; `connected`: how much of the time, 1 being always.
    """

    device: str
    how: str
    every_s: float
    points: int
    each_s: float = 0.0
    connected: float = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether it needs a connection."""
        return self.connected > 0


def demands(link: BleLink, devices: Mapping[str, BleDevice]) -> list[Demand]:
    """What these devices ask of their radio, in the order of the file."""
    return [each for name, device in devices.items() for each in _of_device(link, name, device)]


def _of_device(link: BleLink, name: str, device: BleDevice) -> Iterator[Demand]:
    """A kept connection is counted once, in the first row that needs it."""
    parts = device.parts(name)
    heard = sum(len(group.points) for group in parts.heard)
    if heard or device.learns:
        yield Demand(name, _heard_how(link, device), 0.0, heard)
    free = 1.0
    for group in parts.reads:
        each_s = CONNECT_S + READ_S * len(group.points) + device.gatt.idle
        connected = free if device.keeps else min(free, each_s / group.every_s)
        free -= connected
        yield Demand(name, "read", group.every_s, len(group.points), each_s, connected)
    told = sum(len(group.points) for group in parts.told)
    if told:
        yield Demand(name, "notified", 0.0, told, 0.0, free)
    elif not parts.reads and connects(device):
        yield Demand(name, COMMANDS, 0.0, 0, 0.0, 1.0 if device.keeps else 0.0)


def _heard_how(link: BleLink, device: BleDevice) -> str:
    """Who makes values of it; nobody does where only its being there counts."""
    heard = {name: point for name, point in device.points.items() if point.attribute is None}
    if any(point.at is not None for point in heard.values()):
        by = "bytes"
    elif device.decoder is None and all(point.called(name) in UNDECODED for name, point in heard.items()):
        by = "presence"
    else:
        by = device.decodes or "presence"
    encrypted = ", encrypted" if device.key is not None else ""
    return f"{by}{encrypted}{', passive' if link.scan == 'passive' else ''}"
