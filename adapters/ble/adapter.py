"""The BLE adapter: one instance per radio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace

from adapters.ble.air.tapping import Tapping
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.checks import bundles, invoking, point_of
from adapters.ble.gatt.outcome import TOO_LATE
from adapters.ble.heard.learned import completed
from adapters.ble.outlook import outlook
from adapters.ble.outlook.advice import advice
from adapters.ble.search.scope import scope_of
from gateway.adapter import (
    NO_OPTIONS,
    Adapter,
    Advice,
    Emit,
    Memory,
    PermanentError,
    Rejected,
    Simulation,
    Tap,
    Tell,
    Wrote,
    to_nobody,
)
from gateway.model import Bad, BadReason, Command, Result, ResultStatus

if TYPE_CHECKING:
    from adapters.ble.gatt.commands import Commands
    from adapters.ble.session import Session

GATT = "gatt"
EXTRA = "what speaks to BlueZ is not installed: `pip install 'fieldgate[ble]'`"

OPEN_S = 5.0
"""For a radio to be found and switched on, where a command waits for it."""
NO_RADIO = "the radio is not there"
DONE = Result(ResultStatus.DONE)
DOWN = Result(ResultStatus.UNREACHABLE, reason="no-link", detail=NO_RADIO)


class BleAdapter(Adapter):
    """A radio, and the devices that it hears and connects to."""

    Link: ClassVar[type[BleLink]] = BleLink
    Device: ClassVar[type[BleDevice]] = BleDevice
    concurrency: ClassVar[int] = 4

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory) -> None:
        self._link = link
        self._devices = devices
        self._memory = memory
        self._session: Session | None = None
        self._counters: Mapping[str, int] = {}
        self._tapping = Tapping()

    async def run(self, emit: Emit) -> None:
        """Scan, connect and emit until cancelled; AdapterError when the radio is lost."""
        try:
            from adapters.ble.session import Session  # noqa: PLC0415 -- without its extra `check` works all the same
        except ImportError as error:
            raise PermanentError(f"{EXTRA} ({error})") from error
        session = Session(self._link, self._devices, self._memory, emit, self._tapping)
        self._session = session
        try:
            await session.run()
        finally:
            self._session = None
            self._counters = session.counters

    async def execute(self, command: Command, wrote: Wrote) -> Result:
        """Write, read or invoke over a connection; everything is checked before anything is sent."""
        device = self._devices.get(command.device)
        if device is None:
            raise Rejected("unknown-device", f"there is no device {command.device!r} on this link")
        if command.invoke is not None:
            invoked = invoking(command.device, device, command.invoke, command.args)
            return await self._barred(command) or await self._commands(command).invoke(invoked, wrote)
        if command.write:
            writes = bundles(device, command.write)
            return await self._barred(command) or await self._commands(command).write(writes, wrote)
        names = [(name, point_of(device, name).attribute is not None) for name in command.read or ()]
        return await self._barred(command) or await self._read(command, [n for n, is_asked in names if is_asked])

    async def peek(self, command: Command) -> Result:
        """What a device offers over a connection: services, characteristics, values, points to write; for "gatt"."""
        if command.device not in self._devices:
            raise Rejected("unknown-device", f"there is no device {command.device!r} on this link")
        if command.peek != GATT:
            raise Rejected("malformed", "a Bluetooth device is looked at as a whole: `fieldgate read DEVICE --gatt`")
        if (barred := await self._barred(command)) is not None or self._session is None:
            return barred or DOWN
        from adapters.ble.search.walk import walk  # noqa: PLC0415 -- likewise

        return await self._session.visit(command.device, command.deadline_s, walk)

    @classmethod
    def scans_alone(cls, link: BleLink, options: Mapping[str, Any]) -> bool:
        """Where the link itself does not scan, nothing can be heard beside it; raises Rejected."""
        scope_of(options)
        return link.scan == "off"

    @classmethod
    async def survey(
        cls, link: BleLink, devices: Mapping[str, BleDevice], options: Mapping[str, Any], tell: Tell
    ) -> list[dict[str, Any]]:
        """Who advertises, what it says, and what to write for it; options as in `search.scope`."""
        try:
            from adapters.ble.search.survey import survey  # noqa: PLC0415 -- likewise
        except ImportError as error:
            raise Rejected("not-supported", f"{EXTRA} ({error})") from error
        return await survey(link, devices, options, tell)

    async def scan(self, options: Mapping[str, Any], tell: Tell = to_nobody) -> list[dict[str, Any]]:
        """The same beside what the link does, as it scans."""
        session = self._session
        if session is None or session.radio is None:
            raise Rejected("no-link", NO_RADIO)
        from adapters.ble.search.beside import overheard  # noqa: PLC0415 -- likewise

        return await overheard(session.radio, session.listening, self._devices, options, tell)

    @classmethod
    def advice(cls, link: BleLink, devices: Mapping[str, BleDevice]) -> Iterable[Advice]:
        """What can't work, names of radios that pass, and more connections than a radio has."""
        return tuple(advice(link, devices))

    @classmethod
    def plan_summary(cls, link: BleLink, devices: Mapping[str, BleDevice]) -> list[str]:
        """How each device's points come, and how much of its connections the radio gives them."""
        return outlook.lines(link, devices)

    @classmethod
    def load(cls, link: BleLink, devices: Mapping[str, BleDevice]) -> Mapping[str, Any]:
        """The same as data."""
        return outlook.facts(link, devices)

    @classmethod
    def simulate(
        cls, link: BleLink, devices: Mapping[str, BleDevice], options: Mapping[str, Any] = NO_OPTIONS
    ) -> AbstractAsyncContextManager[Simulation]:
        """BlueZ with these devices around it, on a D-Bus of its own; `every`: how often each advertises."""
        try:
            from adapters.ble.simulator import simulate  # noqa: PLC0415 -- likewise
        except ImportError as error:
            raise Rejected("not-supported", f"{EXTRA} ({error})") from error
        return simulate(link, devices, options)

    def tap(self, tap: Tap | None) -> None:
        """Show each advertisement, as `air.frame` has it, and what goes over connections, as `air.att` does."""
        self._tapping.tap = tap

    def counters(self) -> Mapping[str, int]:
        """Of this radio: what was heard, and what became of it."""
        return self._counters if self._session is None else self._session.counters

    @classmethod
    def complete(cls, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory) -> Mapping[str, BleDevice]:  # noqa: ARG003
        """With the points that those without any were found to have."""
        return {name: completed(device, memory[name]) for name, device in devices.items()}

    async def _barred(self, command: Command) -> Result | None:
        """That it is too late, or there is no radio; waits for one that is being opened."""
        session, loop = self._session, asyncio.get_running_loop()
        if session is None:
            return DOWN
        if loop.time() >= command.deadline_s:
            return TOO_LATE
        try:
            async with asyncio.timeout_at(min(command.deadline_s, loop.time() + OPEN_S)):
                await session.opened.wait()
        except TimeoutError:
            return DOWN
        return None if self._session is session else DOWN

    def _commands(self, command: Command) -> Commands:
        assert self._session is not None, "it is asked first whether it is down"
        return self._session.commands(command.device, command.deadline_s)

    async def _read(self, command: Command, asked: Sequence[str]) -> Result:
        """These over a connection; the others of the command as they were heard last."""
        assert self._session is not None, "likewise"
        others = [name for name in command.read or () if name not in asked]
        if not others:
            return await self._commands(command).read(asked)
        result = await self._commands(command).read(asked) if asked else DONE
        heard = await self._session.told(command.device, others, command.deadline_s)
        if not heard.values:
            return result if asked else heard
        unread = {name: Bad(BadReason.TIMEOUT) for name in asked if name not in result.values}
        values, bad = {**heard.values, **result.values}, {**unread, **heard.bad, **result.bad}
        return replace(result, status=ResultStatus.DONE, reason=None, values=values, bad=bad)
