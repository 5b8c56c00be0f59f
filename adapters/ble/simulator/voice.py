"""What one device advertises: what its points are worth, as packets. Pure."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping

from adapters.ble.config import AdvertData, BleDevice, BlePoint, key_bytes
from adapters.ble.quantities import LOST, NAME, OF_ANY, PRESENT, RSSI, TX_POWER
from adapters.ble.simulator.cell import Cell
from adapters.ble.simulator.faults import WELL, Fault
from adapters.ble.simulator.forge.format import Format, Packet, Teller
from adapters.ble.simulator.forge.make import format_of
from adapters.ble.simulator.life import is_event
from adapters.ble.simulator.meaning import told_of, worth
from gateway.model import Value
from gateway.values import Unwritable

HEARD_DBM = -60
WEAKEST_DBM, STRONGEST_DBM = -126, 20
"""Of what BlueZ tells (Core Specification 6.0, Vol 4, Part E, 7.7.65.2); -127 says that it is not known."""
KEPT = 16
"""Packets that could be sent a second time."""
REPEATS = 3
"""Times that something that happens is told, all alike: a sensor can't know whether it was heard."""


class Voice:
    """Of one device at one address; `count`: the number of its first packet.

    Raises forge.make.Unknown where no format tells what its points want to know.
    """

    def __init__(self, name: str, device: BleDevice, address: str, count: int = 0) -> None:
        self.fault: Fault = WELL
        self.rssi = HEARD_DBM
        self.tx_power: int | None = None
        self.name = name
        self._points = {each: point for each, point in device.points.items() if point.attribute is None}
        self._key = key_bytes(device.key) if device.key is not None else None
        self._address = bytes.fromhex(address.replace(":", ""))
        self._called = {each: point.called(each) for each, point in self._points.items() if point.at is None}
        self._format = _format(device, [called for called in self._called.values() if called not in OF_ANY])
        self._told: dict[str, Value] = {}
        self._happened: set[str] = set()
        self._placed = _placed(device, self._points)
        self._count = count
        self._queue: deque[Packet] = deque()
        self._said: deque[Packet] = deque(maxlen=KEPT)
        self._replayed = 0

    @property
    def advertises(self) -> bool:
        """Whether it says anything but that it is there."""
        return self._format is not None or bool(self._placed)

    @property
    def is_encrypted(self) -> bool:
        """Whether it has a key that its advertisements are made with."""
        return self._key is not None and self._format is not None

    @property
    def begins(self) -> Mapping[str, Value]:
        """Values that points must have at first, by what they are called."""
        of_format = self._format.begins if self._format is not None else {}
        return {RSSI: self.rssi, NAME: self.name, **of_format}

    def move(self, address: str) -> None:
        """To another address."""
        self._address = bytes.fromhex(address.replace(":", ""))
        self._queue.clear()

    def get(self, point: str) -> Value | None:
        """What a gateway would read; None where that is no good value, or only the gateway knows it."""
        about = self._points[point]
        if about.at is not None:
            return self._cell(about).get(point)
        told = self._of_any().get(self._called[point], self._told.get(self._called[point]))
        return None if told is None else worth(about, told)

    def put(self, point: str, value: Value) -> None:
        """Let a point be worth this; raises Unwritable if it can't be told."""
        about = self._points[point]
        if about.at is not None:
            self._cell(about).put(point, value)
        else:
            self._tell(self._called[point], told_of(about, value))
        self._queue.clear()

    def next(self) -> Packet:
        """What it advertises now; it takes turns where there is more than one packet."""
        if self.fault.replays and self._said:
            self._replayed += 1
            return self._said[self._replayed % len(self._said)]
        if not self._queue:
            self._queue.extend(self._round())
        packet = self._queue.popleft()
        self._said.append(packet)
        return _garbled(packet, self._count) if self.fault.garbage else packet

    def _round(self) -> Iterator[Packet]:
        """Everything once; what has happened several times before that."""
        if self._format is not None:
            if self._happened:
                happened = {called: self._told[called] for called in self._told if called in self._happened}
                yield from self._written(self._format, happened) * REPEATS
                self._happened.clear()
            yield from self._written(self._format, self._lasting())
        for data, cell in self._placed:
            yield _packet(data, cell.data)
        if not self.advertises:
            yield Packet()

    def _written(self, made: Format, told: Mapping[str, Value]) -> tuple[Packet, ...]:
        key = self._key
        if key is not None and self.fault.wrong_key:
            key = bytes(byte ^ 0xFF for byte in key)
        packets = made.write(Teller(self._address, key), told, self._count)
        self._count += len(packets)
        return packets

    def _tell(self, called: str, value: Value) -> None:
        if called == RSSI:
            if not isinstance(value, int) or not WEAKEST_DBM <= value <= STRONGEST_DBM:
                raise Unwritable("out-of-range", f"it is a whole number from {WEAKEST_DBM} to {STRONGEST_DBM}")
            self.rssi = value
        elif called == TX_POWER:
            self.tx_power = int(value)
        elif called == NAME:
            self.name = str(value)
        elif called in (PRESENT, LOST):
            fault = "out-of-range" if called == PRESENT else "loss:5%"
            raise Unwritable("malformed", f"only the gateway knows that: let the device have a fault, like {fault}")
        else:
            field = self._format.field(called) if self._format is not None else None
            assert field is not None, "format_of has seen to that"
            self._told[called] = field.held(value)
            if is_event(called):
                self._happened.add(called)

    def _lasting(self) -> dict[str, Value]:
        return {called: value for called, value in self._told.items() if not is_event(called)}

    def _of_any(self) -> dict[str, Value]:
        said: dict[str, Value] = {RSSI: self.rssi, NAME: self.name, PRESENT: not self.fault.deaf}
        return said if self.tx_power is None else {**said, TX_POWER: self.tx_power}

    def _cell(self, point: BlePoint) -> Cell:
        return next(cell for _, cell in self._placed if point in cell.points.values())


def _format(device: BleDevice, wanted: list[str]) -> Format | None:
    """None: it says nothing that has a name."""
    if not wanted and device.decoder is None:
        return None
    return format_of(device.decodes or "auto", wanted, encrypted=device.key is not None)


def _placed(device: BleDevice, points: Mapping[str, BlePoint]) -> list[tuple[AdvertData, Cell]]:
    """By the part of the advertisement where they stand."""
    parts: list[tuple[AdvertData, dict[str, BlePoint]]] = []
    for name, point in points.items():
        data = point.data or device.data
        if point.at is None or data is None:
            continue
        found = next((held for part, held in parts if part == data), None)
        if found is None:
            parts.append((data, found := {}))
        found[name] = point
    return [(data, Cell(held, data.prefix, data.length or 0)) for data, held in parts]


def _packet(data: AdvertData, said: bytes) -> Packet:
    if data.manufacturer is not None:
        return Packet(manufacturer={data.manufacturer: said})
    assert data.service is not None, "it is either"
    return Packet(services={data.service: said})


def _garbled(packet: Packet, number: int) -> Packet:
    """As many bytes that mean nothing, others each time."""
    return packet._replace(
        manufacturer={company: noise(data, number) for company, data in packet.manufacturer.items()},
        services={uuid: noise(data, number) for uuid, data in packet.services.items()},
    )


def noise(data: bytes, number: int) -> bytes:
    """As many bytes that mean nothing, others for each number."""
    return hashlib.shake_128(number.to_bytes(8, "big") + data).digest(len(data))
