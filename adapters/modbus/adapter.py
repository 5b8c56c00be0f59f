"""The Modbus adapter: one instance per connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from adapters.modbus import outlook
from adapters.modbus.advice import advice
from adapters.modbus.bus import Bus
from adapters.modbus.commands import cells_to_read, writes_of
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.connect import connect
from adapters.modbus.portname import lasting_name
from adapters.modbus.scope import scope_of
from adapters.modbus.session import Session
from adapters.modbus.simulator import Simulation, simulate
from adapters.modbus.sunspec.completion import complete
from gateway.adapter import Adapter, Advice, Emit, Memory, Rejected, Tap, Wrote
from gateway.model import Command, Result, ResultStatus


class ModbusAdapter(Adapter):
    """Modbus, over whatever wire: polls in blocks, writes with read-back."""

    Link: ClassVar[type[ModbusLink]] = ModbusLink
    Device: ClassVar[type[ModbusDevice]] = ModbusDevice
    concurrency: ClassVar[int] = 1

    def __init__(self, link: ModbusLink, devices: Mapping[str, ModbusDevice], memory: Memory) -> None:
        self._link = link
        self._devices = devices
        self._memory = memory
        self._session: Session | None = None
        self._counters: Mapping[str, int] = {}
        self._tap: Tap | None = None

    async def run(self, emit: Emit) -> None:
        """Connect, poll and emit until cancelled; AdapterError when the connection is lost."""
        wire = await connect(self._link)
        wire.tap = self._tap
        session = Session(wire, Bus(wire, self._link.poll_share), None if self._link.is_serial else self._peer, emit)
        try:
            for name, device in self._devices.items():
                session.add(name, device, self._memory[name], device.address_on(self._link))
            self._session = session
            session.start()
            await wire.lost
        finally:
            self._session = None
            self._counters = session.counters
            session.stop()
            try:
                await session.stopped()
                await wire.close()
            finally:
                session.remember()

    async def execute(self, command: Command, wrote: Wrote) -> Result:
        """Write or read points, ahead of polls; everything is checked before anything is sent."""
        device = self._devices.get(command.device)
        if device is None:
            raise Rejected("unknown-device", f"there is no device {command.device!r} on this link")
        if command.invoke is not None:
            raise Rejected("unknown-command", f"{command.device} has no command {command.invoke!r}")
        writes, cells = writes_of(device, command), cells_to_read(device, command)
        if self._session is None:
            return Result(ResultStatus.UNREACHABLE, reason="no-link", detail=self._no_link)
        if writes:
            return await self._session.write(command.device, writes, command.deadline_s, wrote)
        return await self._session.read(command.device, cells, command.deadline_s)

    def tap(self, tap: Tap | None) -> None:
        """Show each request, and what comes in as it comes."""
        self._tap = tap
        if self._session is not None:
            self._session.tap(tap)

    async def scan(self, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Which unit ids answer; options `units`, as in "1-32,40", and `timeout` of one probe, as in "300ms"."""
        scope = scope_of(options, max((device.timeout for device in self._devices.values()), default=None))
        if self._session is None:
            raise Rejected("no-link", self._no_link)
        return await self._session.scan(scope)

    def counters(self) -> Mapping[str, int]:
        """Of this connection: what was asked, and what of it went wrong."""
        return self._counters if self._session is None else self._session.counters

    @classmethod
    def complete(
        cls, link: ModbusLink, devices: Mapping[str, ModbusDevice], memory: Memory
    ) -> Mapping[str, ModbusDevice]:
        """With the points of SunSpec devices, as they were when these were met."""
        return complete(link, devices, memory)

    @classmethod
    def plan_summary(cls, link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> list[str]:
        """Requests, bytes and bus time of each device in each period, and what they come to."""
        unmet = [
            f"{name}: its points are found when it is first met" for name, dev in devices.items() if not dev.points
        ]
        return [*outlook.lines(link, devices), *unmet]

    @classmethod
    def load(cls, link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> Mapping[str, Any]:
        """The same as data."""
        return outlook.facts(link, devices)

    @classmethod
    def advice(cls, link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> Iterable[Advice]:
        """Names of ports, unit ids, and more polls than there is time for."""
        return tuple(advice(link, devices, lasting_name))

    @classmethod
    def simulate(cls, link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> AbstractAsyncContextManager[Simulation]:
        """A Modbus server at the link's address that has the points of these devices."""
        return simulate(link, devices)

    @property
    def _no_link(self) -> str:
        return f"there is no connection to {self._peer}"

    @property
    def _peer(self) -> str:
        return self._link.peer
