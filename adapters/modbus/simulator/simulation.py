"""A link's devices at work: what tests, the demonstration and `fieldgate simulate` hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from typing_extensions import override

from adapters.modbus.blocks.plan import Cell
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.simulator import worth
from adapters.modbus.simulator.faults import Fault, fault_of
from adapters.modbus.simulator.memory import Memory
from adapters.modbus.simulator.met import Met, met
from adapters.modbus.simulator.place import Options, Place
from adapters.modbus.simulator.serving import Room, serving
from adapters.modbus.simulator.unit import Unit
from gateway.adapter import Rejected, lively
from gateway.adapter import ratings as rated
from gateway.model import Value
from gateway.ports.serving import At, Served

STEP_S = 0.5
"""How often values move."""


class Simulation(Served):
    """Running devices; every point begins at zero, unless they move or the device itself says what it has."""

    def __init__(self, link: ModbusLink, met: Met, room: Room, at: At) -> None:
        super().__init__(at)
        self._link = link
        self._devices = met.devices
        self._room = room
        self._held = {(device, point) for device, points in met.still.items() for point in points}
        for device in met.still:
            self._fill(device, met.ratings[device])

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._room.open)

    @property
    @override
    def place(self) -> str:
        where = self._at.path or f"{self._at.host}:{self._at.port}"
        return f"{where} ({self._room.place.transport})"

    @property
    @override
    def settings(self) -> Mapping[str, Any]:
        return self._room.place.settings(self._link, self._at.port, self._at.path)

    @property
    @override
    def devices(self) -> Mapping[str, ModbusDevice]:
        return self._devices

    @override
    async def get(self, device: str, point: str) -> Value | None:
        return worth.value_in(self._unit(device).memory, self._devices[device], point)

    @override
    async def set(self, device: str, point: str, value: Value) -> None:
        worth.put(self._unit(device).memory, self._devices[device], point, value)
        self._held.add((device, point))

    @override
    async def fault(self, device: str, fault: str) -> None:
        try:
            self.spoil(device, fault_of(fault, self._devices[device].timeout))
        except ValueError as error:
            raise Rejected("malformed", str(error)) from None

    def spoil(self, device: str, fault: Fault) -> None:
        """Let this be wrong from now on."""
        self._unit(device).fault = fault

    async def live(self) -> None:
        """Move what nobody has set, for ever."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self._move(0.0)
        while True:
            await asyncio.sleep(STEP_S)
            self._move(loop.time() - began_s)

    def _move(self, at_s: float) -> None:
        for name, device in self._devices.items():
            for point, about in device.points.items():
                if (name, point) not in self._held:
                    values = lively(name, point, about, at_s)
                    worth.put_first(self._unit(name).memory, device, point, values)

    def _fill(self, name: str, ratings: Collection[str]) -> None:
        """Numbers of a device that must say something from the start, since zero may mean that it has no such point."""
        device = self._devices[name]
        for point, about in device.points.items():
            if point in ratings or (name, point) not in self._held:
                values = rated(about) if point in ratings else lively(name, point, about, 0.0)
                worth.put_first(self._unit(name).memory, device, point, values)

    def _unit(self, device: str) -> Unit:
        return self._room.units[self._devices[device].unit_id]


@asynccontextmanager
async def simulate(
    link: ModbusLink, devices: Mapping[str, ModbusDevice], options: Mapping[str, Any]
) -> AsyncIterator[Simulation]:
    """Serve these devices for as long as the context lasts. Raises Rejected, OSError."""
    chosen = Options.parsed(options)
    there = met(devices)
    room = Room(_units(there), Place(link, chosen))
    async with serving(room) as at:
        simulation = Simulation(link, there, room, at)
        life_of_it = asyncio.create_task(simulation.live(), name="simulation") if chosen.moving else None
        await asyncio.sleep(0)  # so that values are good when the first request comes
        try:
            yield simulation
        finally:
            if life_of_it is not None:
                life_of_it.cancel()
                with suppress(asyncio.CancelledError):
                    await life_of_it


def _units(there: Met) -> dict[int, Unit]:
    """Everybody with the registers that must exist."""
    by_unit: dict[int, list[Cell]] = {}
    for device in there.devices.values():
        by_unit.setdefault(device.unit_id, []).extend(worth.cells_of_all(device))
    units = {unit: Unit(Memory(cells)) for unit, cells in by_unit.items()}
    for image in there.images:
        units[image.unit].memory.lay(image.base, image.words)
    return units
