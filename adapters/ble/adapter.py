"""The BLE adapter: one instance per radio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.checks import bundles, invoking, readable
from adapters.ble.heard.learned import completed
from gateway.adapter import Adapter, Emit, Memory, PermanentError, Rejected, Tap, Wrote
from gateway.model import Command, Result, ResultStatus

if TYPE_CHECKING:
    from adapters.ble.gatt.commands import Commands
    from adapters.ble.session import Session

NO_RADIO = Result(ResultStatus.UNREACHABLE, reason="no-link", detail="the radio is not there")
EXTRA = "what speaks to BlueZ is not installed: `pip install 'fieldgate[ble]'`"


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
        self._tap: Tap | None = None

    async def run(self, emit: Emit) -> None:
        """Scan, connect and emit until cancelled; AdapterError when the radio is lost."""
        try:
            from adapters.ble.session import Session  # noqa: PLC0415 -- without its extra `check` works all the same
        except ImportError as error:
            raise PermanentError(f"{EXTRA} ({error})") from error
        session = Session(self._link, self._devices, self._memory, emit)
        session.tap = self._tap
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
            commands = self._commands(command)
            return NO_RADIO if commands is None else await commands.invoke(invoked, wrote)
        if command.write:
            writes = bundles(device, command.write)
            commands = self._commands(command)
            return NO_RADIO if commands is None else await commands.write(writes, wrote)
        readable(device, command.read or ())
        commands = self._commands(command)
        return NO_RADIO if commands is None else await commands.read(command.read or ())

    def _commands(self, command: Command) -> Commands | None:
        return None if self._session is None else self._session.commands(command.device, command.deadline_s)

    def tap(self, tap: Tap | None) -> None:
        """Show each advertisement, as `air.frame` has it, and what goes over connections."""
        self._tap = tap
        if self._session is not None:
            self._session.tap = tap

    def counters(self) -> Mapping[str, int]:
        """Of this radio: what was heard, and what became of it."""
        return self._counters if self._session is None else self._session.counters

    @classmethod
    def complete(cls, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory) -> Mapping[str, BleDevice]:  # noqa: ARG003
        """With the points that those without any were found to have."""
        return {name: completed(device, memory[name]) for name, device in devices.items()}
