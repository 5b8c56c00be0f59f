"""The Modbus adapter: one instance per connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from adapters.modbus.bus.bus import Bus
from adapters.modbus.commands.writes import check, known
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.outlook import outlook
from adapters.modbus.outlook.advice import advice
from adapters.modbus.search.course import Course
from adapters.modbus.search.raw import wanted
from adapters.modbus.search.scope import is_serial, scope_of, settings_of, units_of
from adapters.modbus.search.survey import nobody, survey
from adapters.modbus.session import Session
from adapters.modbus.sunspec.completion import complete
from adapters.modbus.wire.connect import connect
from gateway.adapter import NO_OPTIONS, Adapter, Advice, Emit, Memory, Rejected, Tap, Tell, Wrote, to_nobody
from gateway.model import Command, Result, ResultStatus
from gateway.ports.lasting import lasting_name

if TYPE_CHECKING:
    from adapters.modbus.simulator import Simulation


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
        session = Session(
            wire, Bus(wire, self._link.poll_share), None if self._link.is_serial else self._peer, emit, self._link.where
        )
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
            finally:
                await wire.close()
                session.remember()

    async def execute(self, command: Command, wrote: Wrote) -> Result:
        """Write or read points, ahead of polls; everything is checked before anything is sent."""
        device = self._devices.get(command.device)
        if device is None:
            raise Rejected("unknown-device", f"there is no device {command.device!r} on this link")
        if command.invoke is not None:
            raise Rejected("unknown-command", f"{command.device} has no command {command.invoke!r}")
        check(device, command.write or {})
        for point in command.read or ():
            known(device, point)
        if self._session is None:
            return Result(ResultStatus.UNREACHABLE, reason="no-link", detail=self._no_link)
        if command.write:
            return await self._session.write(command.device, command.write, command.deadline_s, wrote)
        return await self._session.read(command.device, command.read or (), command.deadline_s)

    async def peek(self, command: Command) -> Result:
        """Read addresses of a table, as `raw` has it: `holding:100/2`."""
        device = self._devices.get(command.device)
        if device is None:
            raise Rejected("unknown-device", f"there is no device {command.device!r} on this link")
        what = wanted(command.peek or "", device)
        if self._session is None:
            return Result(ResultStatus.UNREACHABLE, reason="no-link", detail=self._no_link)
        return await self._session.peek(command.device, what, command.deadline_s)

    def tap(self, tap: Tap | None) -> None:
        """Show each request, and what comes in as it comes."""
        self._tap = tap
        if self._session is not None:
            self._session.tap(tap)

    async def scan(self, options: Mapping[str, Any], tell: Tell = to_nobody) -> list[dict[str, Any]]:
        """Which unit ids answer; options `units`, as in "1-32,40", and `timeout` of one probe, as in "300ms"."""
        if is_serial(options):
            raise Rejected("malformed", "other settings can't be tried beside polls")
        slowest_s = max((device.timeout for device in self._devices.values()), default=None)
        scope = scope_of(options, slowest_s, units_of(self._link))
        if self._session is None:
            raise Rejected("no-link", self._no_link)
        course = Course(tell)
        found = await self._session.scan(scope, course)
        if not found:
            course.note(nobody(self._link, several=False))
        return found

    @classmethod
    def scans_alone(cls, link: ModbusLink, options: Mapping[str, Any]) -> bool:
        """Other baud rates and parities (`serial`, `baudrate`, `parity`) would garble what polls hear."""
        settings_of(link, options)  # raises where a network has none
        return is_serial(options)

    @classmethod
    async def survey(
        cls, link: ModbusLink, devices: Mapping[str, ModbusDevice], options: Mapping[str, Any], tell: Tell
    ) -> list[dict[str, Any]]:
        """Which unit ids answer, at which settings; the options of `scan`, and what `scans_alone` names."""
        return await survey(link, devices, options, tell)

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
    def simulate(
        cls, link: ModbusLink, devices: Mapping[str, ModbusDevice], options: Mapping[str, Any] = NO_OPTIONS
    ) -> AbstractAsyncContextManager[Simulation]:
        """A Modbus server that has the points of these devices; options as in `simulator.place`."""
        from adapters.modbus.simulator import simulate  # noqa: PLC0415 -- the daemon does without

        return simulate(link, devices, options)

    @property
    def _no_link(self) -> str:
        return f"there is no connection to {self._peer}"

    @property
    def _peer(self) -> str:
        return self._link.peer
