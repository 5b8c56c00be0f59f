"""One connection's life: every device on it polled, commands carried out."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from adapters.modbus.blocks.learn import Learned
from adapters.modbus.blocks.plan import Cell, cells_of, limits_of
from adapters.modbus.bus.awaited import NotSent
from adapters.modbus.bus.bus import Bus
from adapters.modbus.bus.habits import Habits
from adapters.modbus.bus.unit import Silence, Unit
from adapters.modbus.commands.asking import Port, read_all
from adapters.modbus.commands.commands import write_all
from adapters.modbus.commands.plain import Around, plainly, plainly_written
from adapters.modbus.commands.verdict import not_sent
from adapters.modbus.config import ModbusDevice
from adapters.modbus.polls.poll import Poll
from adapters.modbus.polls.target import Target
from adapters.modbus.search.course import Course
from adapters.modbus.search.peek import peek
from adapters.modbus.search.raw import Wanted
from adapters.modbus.search.scan import Found, Scan, names_of
from adapters.modbus.search.scope import Scope
from adapters.modbus.sunspec.gate import Gate
from adapters.modbus.sunspec.memory import Notes
from adapters.modbus.sunspec.survey import Survey
from adapters.modbus.wire.carried import carried, carry
from adapters.modbus.wire.exchange import Odd
from adapters.modbus.wire.line import Line
from adapters.modbus.wire.wire import Wire
from gateway.adapter import Emit, Rejected, Tap, Wrote
from gateway.grid import Slot, Ticket, shared_grid
from gateway.model import Result, Value

NEWS_S = 60.0
"""A scan believes the state of a device that is polled so often, and does not probe it."""
MENDED_EVERY_S = 60.0
"""So often it is seen whether a trouble is over that was told; it must have been for an hour."""

KNOWN_CELLS = 4096
"""Kept for devices of the same kind, about 2 MiB: as many as the points of some kinds, or of one that is very large."""


class Session:
    """The devices of a link while it is connected; `polls` in the order of the file.

    `peer`: who may hang, so that a fresh connection helps; None for a serial port. `where`: the bus, for people.
    """

    def __init__(self, wire: Wire, bus: Bus, peer: str | None, emit: Emit, where: str = "") -> None:
        self._where = where
        self._is_serial = peer is None
        self._wire = wire
        self._bus = bus
        self._units: list[Unit] = []
        self._silence = Silence(self._bus, self._units, peer)
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._devices: dict[str, tuple[ModbusDevice, Target]] = {}
        self._memories: list[tuple[int, MutableMapping[str, Any]]] = []
        self._slots: list[tuple[Slot, Poll]] = []
        self._tickets: list[Ticket] = []
        self._habits: dict[int, Habits] = {}
        self._surveys: dict[str, Survey] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._mending: Ticket | None = None
        self._scanning = False

    def add(self, name: str, device: ModbusDevice, memory: MutableMapping[str, Any], place: str = "") -> None:
        """Plan a device's polls; `memory` holds what was learned of the one at `place`."""
        unit = Unit(name, device.timeout, self._silence, self._emit, pause_max_s=device.probe_every)
        self._units.append(unit)
        self._recall(device.unit_id, memory)
        learned = Learned(memory)
        learned.be_of(place, (cell.span for group in device.groups(name) for cell in cells_of(device, group)))
        self._habits[device.unit_id] = Habits(name, device.unit_id, device.timeout, memory, self._loop.time())
        gate = Gate(self._emit)
        emit = self._emit if device.sunspec is None else gate
        target = Target(device.unit_id, limits_of(device), learned, unit, self._bus, emit, device.address_base)
        self._devices[name] = device, target
        for group in device.groups(name):
            poll = Poll(group, tuple(map(_shared, cells_of(device, group))), target)
            unit.polls.append(poll)
            self._slots.append((Slot(group.every_s, device.phase), poll))
        if device.sunspec is not None:
            self._surveys[name] = Survey(name, device, Notes(memory, place, device.sunspec), target, gate)
            unit.polls.append(self._surveys[name])

    def start(self) -> None:
        """Read everything once, and then on the grid."""
        grid = shared_grid()
        for slot, poll in self._slots:
            self._tickets.append(grid.subscribe(slot, poll.wake, self._wire.lose))
            poll.wake()
        self._wire.odd = self._odd
        if any(habits.told for habits in self._habits.values()):
            self._await_mending()
        for survey in self._surveys.values():
            task = asyncio.create_task(survey.run(), name="survey")
            task.add_done_callback(self._surveyed)
            self._tasks.append(task)

    def stop(self) -> None:
        """Nothing is polled or sent any more."""
        for task in self._tasks:
            task.cancel()
        for ticket in self._tickets:
            ticket.cancel()
        if self._mending is not None:
            self._mending.cancel()
        for unit in self._units:
            unit.stop()
        self._bus.stop()

    async def stopped(self) -> None:
        """Return once whatever was under way has ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _odd(self, unit: int, odd: Odd) -> None:
        """An answer was amiss; people are told when that is a habit."""
        if (habits := self._habits.get(unit)) is None:
            return
        is_first = not any(each.told for each in self._habits.values())
        if (notice := habits.noted(odd, self._answers(unit), self._loop.time())) is not None:
            self._emit(notice)
            if is_first:
                self._await_mending()

    def _await_mending(self) -> None:
        slot = Slot(MENDED_EVERY_S)
        self._mending = shared_grid().subscribe(slot, self._see_what_is_mended, self._wire.lose)

    def _see_what_is_mended(self) -> bool:
        for unit, habits in self._habits.items():
            for notice in habits.mended(self._answers(unit), self._loop.time()):
                self._emit(notice)
        if self._mending is not None and not any(habits.told for habits in self._habits.values()):
            self._mending.cancel()
        return True

    def _answers(self, unit: int) -> int:
        """How many good ones have come from it: a guess, where replies are numbered."""
        if isinstance(self._wire, Line):
            return self._wire.answers(unit)
        counters = self._wire.counters
        return max(0, counters.requests - counters.timeouts) // len(self._units)

    def _surveyed(self, task: asyncio.Task[None]) -> None:
        """It ends only by a defect, which is the link's."""
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._wire.lose(error)

    def remember(self) -> None:
        """Once the line is closed: which replies may still come to the next who opens it."""
        if self._wire.owed is not None:
            signs = self._wire.owed.signs
            for unit, memory in self._memories:
                carry(memory, (each for each in signs if each[0][0] == unit), self._clock_ahead_s)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this connection; `skipped` are polls whose turn came before the last one had ended."""
        return asdict(self._wire.counters) | {"skipped": sum(ticket.skipped for ticket in self._tickets)}

    def tap(self, tap: Tap | None) -> None:
        """Show all frames to this one; None: to nobody."""
        self._wire.tap = tap

    async def write(self, name: str, wanted: Mapping[str, Value], not_after_s: float, wrote: Wrote) -> Result:
        """Carry out a command's writes; raises Rejected."""
        if not await self._is_known(name):
            return plainly_written(not_sent(NotSent.SILENT), self._around(name))
        result = await write_all(self._port(name, not_after_s), wanted, wrote)
        return plainly_written(result, self._around(name))

    async def read(self, name: str, points: tuple[str, ...], not_after_s: float) -> Result:
        """Carry out a command's reads; raises Rejected."""
        if not await self._is_known(name):
            return self._plainly(name, not_sent(NotSent.SILENT))
        return self._plainly(name, await read_all(self._port(name, not_after_s), points))

    async def peek(self, name: str, what: Wanted, not_after_s: float) -> Result:
        """Carry out a raw read."""
        return self._plainly(name, await peek(self._port(name, not_after_s), what))

    async def _is_known(self, name: str) -> bool:
        """Whether it is the device that is known, where a device itself has told its points; raises Rejected."""
        survey = self._surveys.get(name)
        return survey is None or await survey.vouch() or not self._wire.open

    async def scan(self, scope: Scope, course: Course) -> list[Found]:
        """Look who answers; raises Rejected while another looks."""
        if self._scanning:
            raise Rejected("busy", "this link is being scanned already")
        self._scanning = True
        try:
            return await Scan(self._bus, *self._known(), course).over(scope)
        finally:
            self._scanning = False

    def _recall(self, unit: int, memory: MutableMapping[str, Any]) -> None:
        if self._wire.owed is not None:
            self._memories.append((unit, memory))
            for sign, since_s in carried(memory, self._clock_ahead_s, self._loop.time()):
                self._wire.owed.missed(sign, since_s)

    @property
    def _clock_ahead_s(self) -> float:
        return time.time() - self._loop.time()

    def _known(self) -> tuple[dict[int, str], set[int]]:
        """The devices' names by unit id, and which of these answer their polls."""
        alive: set[int] = set()
        for name, (device, target) in self._devices.items():
            if target.unit.alive and min((group.every_s for group in device.groups(name)), default=math.inf) <= NEWS_S:
                alive.add(device.unit_id)
        return names_of({name: device for name, (device, _) in self._devices.items()}), alive

    def _plainly(self, name: str, result: Result) -> Result:
        device, _ = self._devices[name]
        return plainly(result, self._around(name), device.points, device.address_base)

    def _around(self, name: str) -> Around:
        """What this bus knows about why a device is silent."""
        device, _ = self._devices[name]
        others = {each.unit_id: target.unit.alive for each, target in self._devices.values()}
        others.pop(device.unit_id)
        counters = self._wire.counters
        heard = max(0, counters.requests - counters.timeouts - counters.garbage)
        damaged = counters.garbage if isinstance(self._wire, Line) else 0
        alive = sum(others.values())
        return Around(name, device.unit_id, self._where, self._is_serial, len(others), alive, heard, damaged)

    def _port(self, name: str, not_after_s: float) -> Port:
        device, target = self._devices[name]
        return Port(device, target.unit, self._bus, target.learned, not_after_s)


def _shared(cell: Cell) -> Cell:
    """The same for equal points of all devices; labels may be equal and differ, as 1 and true do."""
    return cell if cell.quantity.labels else _one(cell)


@lru_cache(maxsize=KNOWN_CELLS)
def _one(cell: Cell) -> Cell:
    return cell
