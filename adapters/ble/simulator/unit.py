"""One device that is not there: what it is worth, what it tells, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from adapters.ble.config import BleDevice, BlePoint
from adapters.ble.config.device import TYPE_OF
from adapters.ble.quantities import quantity_of
from adapters.ble.simulator.cabinet import Cabinet, Told
from adapters.ble.simulator.faults import Fault
from adapters.ble.simulator.forge.make import Unknown, format_of
from adapters.ble.simulator.life import alive
from adapters.ble.simulator.voice import Voice, noise
from gateway.adapter import Rejected, WriteRules
from gateway.model import Value
from gateway.values import Unwritable

REST: tuple[Value, ...] = (0, 0.0, False, "", 1)
"""What points are worth at first, the first that they can be."""


class Unit:
    """`device`: with points also where the configuration leaves them to be learned. Raises Rejected.

    `count`: the number of its first packet.
    """

    def __init__(self, name: str, device: BleDevice, address: str, count: int = 0) -> None:
        self.name = name
        try:
            self.device = _with_points(device)
            self.voice = Voice(name, self.device, address, count)
        except Unknown as error:
            raise Rejected("malformed", f"{name} can't be simulated: {error}") from None
        self.cabinet = Cabinet(self.device)
        self.rest()

    @property
    def fault(self) -> Fault:
        """What is wrong with it."""
        return self.voice.fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self.voice.fault = fault

    def get(self, point: str) -> Value | None:
        """What a gateway would read."""
        return self.cabinet.get(point) if point in self.cabinet.points() else self.voice.get(point)

    def put(self, point: str, value: Value) -> Told | None:
        """Let a point be worth this, which may have to be told; raises Unwritable if it can't be."""
        if point in self.cabinet.points():
            return self.cabinet.put(point, value)
        self.voice.put(point, value)
        return None

    def said(self, data: bytes) -> bytes:
        """What is read where this stands."""
        return noise(data, len(data)) if self.fault.garbage else data

    def live(self, point: str, at_s: float) -> Told | None:
        """Let it be worth what a device that lives would show at this moment; what may have to be told."""
        return self._first(point, alive(self.name, point, self.device.points[point], at_s))

    def rest(self) -> None:
        """Let all begin at zero, or as near to it as it can be told; with a label where there are labels."""
        for name, point in self.device.points.items():
            begins = self.voice.begins.get(point.called(name))
            labels = (point.enum or {}).values()
            usual = alive(self.name, name, point, 0.0)
            self._first(name, (*(() if begins is None else (begins,)), *labels, *REST, *usual))

    def steady(self) -> frozenset[str]:
        """What stays as its interlocks want it: else commands would be refused."""
        wanted = interlocked(self.device)
        for point, value in wanted.items():
            with suppress(Unwritable):
                self.put(point, value)
        return frozenset(wanted)

    def pointless(self, fault: Fault) -> str | None:
        """Why a fault would change nothing here."""
        if (fault.wrong_key or fault.replays) and not self.voice.is_encrypted:
            return "its advertisements are not encrypted"
        if fault.moves and self.device.identity_key is None:
            return "it has no identity_key, so that it keeps its address"
        if fault.rejects and not self.cabinet.cells:
            return "there is nothing to be read from or written to it"
        return None

    def _first(self, point: str, values: Iterable[Value]) -> Told | None:
        """Let it be worth the first of these that it can be."""
        for value in values:
            with suppress(Unwritable):
                return self.put(point, value)
        return None


def interlocked(device: BleDevice) -> dict[str, Value]:
    """What must be so before something is done; of one that is wanted to be this and that, the last."""
    wanted: dict[str, Value] = {}
    for command in (device.commands or {}).values():
        wanted |= command.interlock
    for point in device.points.values():
        if isinstance(point.writable, WriteRules):
            wanted |= point.writable.interlock
    return wanted


def _with_points(device: BleDevice) -> BleDevice:
    if not device.learns:
        return device
    made = format_of(device.decodes or "auto", (), encrypted=device.key is not None)
    points: Mapping[str, BlePoint] = {name: _learned(name) for name in made.usual}
    return device.model_copy(update={"points": points})


def _learned(name: str) -> BlePoint:
    known = quantity_of(name)
    assert known is not None, "formats tell nothing else"
    return BlePoint.model_validate({"type": TYPE_OF[known.kind], "unit": known.unit})
