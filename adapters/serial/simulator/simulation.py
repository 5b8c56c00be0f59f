"""A link's devices at work: what tests and `fieldgate simulate` hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from typing_extensions import override

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.simulator.chain import Chain
from adapters.serial.simulator.faults import Fault, fault_of
from adapters.serial.simulator.parties import Devices
from adapters.serial.simulator.place import Options, Place
from adapters.serial.simulator.served import Served
from adapters.serial.simulator.serving import Party, Room, serving
from adapters.serial.simulator.unit import Unit
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.ports.serving import At

STEP_S = 0.5
"""How often values move."""


class Simulation(Served):
    """Running devices."""

    def __init__(self, link: SerialLink, chain: Chain, place: Place, at: At) -> None:
        super().__init__(link, place, at)
        self._chain = chain
        self._held = {(name, point) for name, unit in chain.units.items() for point in unit.steady()}

    @property
    @override
    def devices(self) -> Mapping[str, SerialDevice]:
        return {name: unit.device for name, unit in self._chain.units.items()}

    @override
    async def get(self, device: str, point: str) -> Value | None:
        return self._chain.units[device].get(point)

    @override
    async def set(self, device: str, point: str, value: Value) -> None:
        self._chain.units[device].put(point, value)
        self._held.add((device, point))

    @override
    async def fault(self, device: str, fault: str) -> None:
        unit = self._chain.units[device]
        try:
            made = fault_of(fault, unit.device.timeout)
        except ValueError as error:
            raise Rejected("malformed", str(error)) from None
        if (why := self._pointless(unit, made)) is not None:
            raise Rejected("malformed", f"{made.text}: {why}")
        unit.fault = made

    async def live(self) -> None:
        """Move what nobody has set, for ever."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            for name, unit in self._chain.units.items():
                for point in unit.device.points:
                    if (name, point) not in self._held:
                        unit.live(point, loop.time() - began_s)
            await asyncio.sleep(STEP_S)

    def _pointless(self, unit: Unit, fault: Fault) -> str | None:
        """Why a fault would change nothing here."""
        if fault.wrong_checksum and not self._chain.has_checksums:
            return "its link has no checksum"
        if fault.other_address and (self._link.address is None or unit.device.address is None):
            return "its frames have no address"
        if fault.refusal is not None and not self._chain.refuses(unit.name):
            return "nothing that is said to it has an `error` that it could answer"
        return None


class _Public:
    """All who are connected: devices that speak by themselves tell everybody."""

    def __init__(self, chain: Chain, *, echoes: bool) -> None:
        self._chain = chain
        self._echoes = echoes
        self._here: set[Devices] = set()

    def join(self, transport: asyncio.Transport) -> Party:
        """One more."""
        party = Devices(self._chain, transport, echoes=self._echoes, left=self._here.discard)
        self._here.add(party)
        return party

    async def speak(self, every_s: float) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            if self._here:
                said = tuple(self._chain.unasked())
                for party in self._here:
                    party.say(said)
            due_s = max(due_s + every_s, loop.time())
            await asyncio.sleep(due_s - loop.time())


@asynccontextmanager
async def simulation(
    link: SerialLink, devices: Mapping[str, SerialDevice], options: Options
) -> AsyncIterator[Simulation]:
    """Serve these devices for as long as the context lasts. Raises Rejected, OSError."""
    place, chain = Place(link, options), Chain(link, devices)
    public = _Public(chain, echoes=link.local_echo)
    async with serving(Room(public.join), place) as at:
        served = Simulation(link, chain, place, at)
        tasks = [_task(served.live())] if options.moving else []
        if chain.speaks:
            tasks.append(_task(public.speak(options.every_s)))
        await asyncio.sleep(0)  # so that values are good when the first question comes
        try:
            yield served
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task


def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work, name="simulation")
