"""A link's devices at work: what tests and `fieldgate simulate` hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator import life
from adapters.ble.simulator.ether import Ether
from adapters.ble.simulator.faults import fault_of
from adapters.ble.simulator.options import Options
from adapters.ble.simulator.presence import Presence
from adapters.ble.simulator.world import World, world
from gateway.adapter import Rejected
from gateway.adapter import Simulation as Contract
from gateway.model import Value

STEP_S = 0.5
"""How often values move."""


class Simulation(Contract):
    """Running devices around one radio."""

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], around: World) -> None:
        self._link = link
        self._world = around
        self._ether = Ether(around, link)
        try:
            self._present = {name: Presence(name, device, self._ether) for name, device in devices.items()}
        except BaseException:
            self._ether.close()
            raise
        self._held = {(name, point) for name, each in self._present.items() for point in each.unit.steady()}

    @property
    @override
    def place(self) -> str:
        return f"{self._ether.name} ({self._ether.address}) on {self._world.address}"

    @property
    @override
    def settings(self) -> Mapping[str, Any]:
        own = {"bus": self._world.address, "radio": self._link.radio or self._ether.address}
        return {key: value for key, value in own.items() if value != getattr(self._link, key)}

    @property
    @override
    def devices(self) -> Mapping[str, BleDevice]:
        return {name: each.unit.device for name, each in self._present.items()}

    @override
    async def get(self, device: str, point: str) -> Value | None:
        return self._present[device].unit.get(point)

    @override
    async def set(self, device: str, point: str, value: Value) -> None:
        present = self._present[device]
        present.tell(present.unit.put(point, value))
        self._held.add((device, point))
        if life.is_event(present.unit.device.points[point].called(point)):
            present.hurry()

    @property
    def is_used(self) -> bool:
        """Whether anybody scans, or is connected to a device."""
        return self._ether.is_used

    @override
    async def fault(self, device: str, fault: str) -> None:
        present = self._present[device]
        try:
            made = fault_of(fault, present.unit.device.gatt.timeout)
        except ValueError as error:
            raise Rejected("malformed", str(error)) from None
        if (why := present.unit.pointless(made)) is not None:
            raise Rejected("malformed", f"{made.text}: {why}")
        if made.radio is not None:
            await self._ether.spoil(made.radio)
        elif present.unit.fault.radio is not None:
            await self._ether.mend()
        present.spoil(made)

    def move(self, at_s: float) -> None:
        """Let what nobody has set be worth what it would be at this moment."""
        for name, each in self._present.items():
            for point in each.unit.device.points:
                if (name, point) not in self._held:
                    each.tell(each.unit.live(point, at_s))

    async def run(self, options: Options) -> None:
        """Advertise, and let values move if they are to, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for name, each in self._present.items():
                tasks.create_task(each.advertise(options.every_s), name=f"advertiser {name}")
            if options.moving:
                tasks.create_task(self._live(), name="life")

    def close(self) -> None:
        """Take the radio away."""
        self._ether.close()

    async def _live(self) -> None:
        """Move what nobody has set, for ever."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            await asyncio.sleep(STEP_S)
            self.move(loop.time() - began_s)


@asynccontextmanager
async def simulation(link: BleLink, devices: Mapping[str, BleDevice], options: Options) -> AsyncIterator[Simulation]:
    """Serve these devices for as long as the context lasts. Raises Rejected, OSError."""
    async with world() as around:
        served = Simulation(link, devices, around)
        if options.moving:
            served.move(0.0)
        running = asyncio.create_task(served.run(options), name="simulation")
        try:
            yield served
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            served.close()
