"""What the polls of a link cost it: requests, bytes and, on a serial line, time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.modbus.blocks.plan import Block, cells_of, limits_of, plan
from adapters.modbus.blocks.registers import data_size
from adapters.modbus.config import BIT_TABLES, ModbusDevice, ModbusLink
from adapters.modbus.config.link import ASCII
from adapters.modbus.wire.frames import DATA_AT
from adapters.modbus.wire.framing import framing_of
from adapters.modbus.wire.timing import silence_s
from gateway.model import PointGroup

ANSWER_S = 0.005
"""What a device is taken to need before it begins to answer, once it has noticed that the request is over.

Manuals of meters and drives say 2 to 20 ms; what is the least for most makes no false alarm.
"""
REQUEST = 6
"""Bytes of a request to read, from the unit id on (MODBUS Application Protocol V1.1b3, 6.1 to 6.4)."""

MBAP = 6
"""Bytes before the unit id (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""


class Demand(NamedTuple):
    """What one period of one device asks of its link in each `every_s`.

    `sent` and `received` are bytes with all that frames them; `bus_s`: so long is the line taken, None for a network.
    """

    device: str
    every_s: float
    points: tuple[str, ...]
    requests: int
    registers: int
    bits: int
    sent: int
    received: int
    bus_s: float | None

    @property
    def share(self) -> float:
        """Of the line's time."""
        return (self.bus_s or 0.0) / self.every_s


class Load(NamedTuple):
    """All that is asked of a link: `share` of a line's time, and through a network how late answers may be."""

    demands: tuple[Demand, ...]
    share: float | None
    requests_per_s: float
    answer_within_s: float | None


def load_of(link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> Load:
    """What these devices ask of their link."""
    demands = tuple(demand_of(link, device, group) for name, device in devices.items() for group in device.groups(name))
    requests_per_s = sum(each.requests / each.every_s for each in demands)
    if link.is_serial:
        return Load(demands, sum(each.share for each in demands), requests_per_s, None)
    within_s = link.max_in_flight / requests_per_s - link.pause_between if requests_per_s else None
    return Load(demands, None, requests_per_s, within_s)


def demand_of(link: ModbusLink, device: ModbusDevice, group: PointGroup) -> Demand:
    """What one period of a device asks of it."""
    blocks = plan(cells_of(device, group), limits_of(device))
    bits = sum(block.size for block in blocks if block.table in BIT_TABLES)
    sent = [framed(link, REQUEST)] * len(blocks)
    received = [framed(link, DATA_AT + data_size(block)) for block in blocks]
    return Demand(
        group.device,
        group.every_s,
        group.points,
        requests=len(blocks),
        registers=sum(block.size for block in blocks) - bits,
        bits=bits,
        sent=sum(sent),
        received=sum(received),
        bus_s=line_s(link, blocks) if link.is_serial else None,
    )


def framed(link: ModbusLink, size: int) -> int:
    """Bytes, on a serial line characters, of a frame around so many bytes from the unit id on."""
    if not link.is_line:
        return MBAP + size
    return framing_of(link).length(size)


def line_s(link: ModbusLink, blocks: Sequence[Block]) -> float:
    """How long a serial line is taken to read these.

    The silence after a request tells an RTU device that it is over (MODBUS over Serial Line V1.02, 2.5.1.1); an ASCII
    frame says so itself (2.5.2.1). After the answer there is another.
    """
    character = link.settings.character_s
    silence = silence_s(link.baudrate, character)
    silences = 1 if link.transport in ASCII else 2
    each_s = ANSWER_S + silences * silence + link.pause_between
    characters = sum(framed(link, REQUEST) + framed(link, DATA_AT + data_size(block)) for block in blocks)
    return characters * character + len(blocks) * each_s
