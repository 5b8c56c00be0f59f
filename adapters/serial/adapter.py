"""The serial adapter: one instance per port."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.framing.make import framer_of
from adapters.serial.opening import connect
from adapters.serial.outlook import outlook
from adapters.serial.session import Session
from adapters.serial.talk.checks import askable, invoking, writing
from adapters.serial.talk.commands import Commands
from adapters.serial.talk.ground import ground_of
from adapters.serial.talk.wire import Wire
from gateway.adapter import Adapter, Emit, Memory, Rejected, Tap, Wrote
from gateway.model import Command, Result, ResultStatus


class SerialAdapter(Adapter):
    """Devices whose protocol the configuration describes."""

    Link: ClassVar[type[SerialLink]] = SerialLink
    Device: ClassVar[type[SerialDevice]] = SerialDevice

    def __init__(self, link: SerialLink, devices: Mapping[str, SerialDevice], memory: Memory) -> None:
        self._link = link
        self._devices = devices
        self._memory = memory
        self._session: Session | None = None
        self._wire: Wire | None = None
        self._tap: Tap | None = None
        self._counters: Mapping[str, int] = {}

    async def run(self, emit: Emit) -> None:
        """Connect, listen, ask and emit until cancelled; AdapterError when the connection is lost."""
        link = self._link
        wire = Wire(framer_of(link.framing, link.checksum), link.port, local_echo=link.local_echo)
        wire.tap = self._tap
        session = Session(link, self._devices, wire, emit)
        await connect(link.port, link, link.connect_timeout, lambda: wire)
        talking = asyncio.create_task(session.run(), name="talk")
        try:
            self._session, self._wire = session, wire
            await asyncio.wait((talking, wire.lost), return_when=asyncio.FIRST_COMPLETED)
            await (wire.lost if wire.lost.done() else talking)
        finally:
            self._session = self._wire = None
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            session.stop()
            self._counters = session.counters
            await wire.close()

    async def execute(self, command: Command, wrote: Wrote) -> Result:
        """Invoke, write or read, ahead of polls; everything is checked before anything is sent."""
        device = self._devices.get(command.device)
        if device is None:
            raise Rejected("unknown-device", f"there is no device {command.device!r} on this link")
        ground = ground_of(self._link, device)
        if command.invoke is not None:
            invoked = invoking(command.device, device, ground, command.invoke, command.args)
            return self._down or await self._commands(command).invoke(invoked, wrote)
        if command.write:
            writings = [writing(device, ground, name, value) for name, value in command.write.items()]
            return self._down or await self._commands(command).write(writings, wrote)
        for name in command.read or ():
            askable(device, name)
        return self._down or await self._commands(command).read(command.read or ())

    def tap(self, tap: Tap | None) -> None:
        """Show what goes over the wire, as it goes."""
        self._tap = tap
        if self._wire is not None:
            self._wire.tap = tap

    def counters(self) -> Mapping[str, int]:
        """Of this connection: what came, what was asked, and what of it went wrong."""
        return self._counters if self._session is None else self._session.counters

    @classmethod
    def plan_summary(cls, link: SerialLink, devices: Mapping[str, SerialDevice]) -> list[str]:
        """What each message costs the line, and what they come to."""
        return outlook.lines(link, devices)

    @classmethod
    def load(cls, link: SerialLink, devices: Mapping[str, SerialDevice]) -> Mapping[str, Any]:
        """The same as data."""
        return outlook.facts(link, devices)

    @property
    def _down(self) -> Result | None:
        if self._session is not None:
            return None
        detail = f"there is no connection to {self._link.port}"
        return Result(ResultStatus.UNREACHABLE, reason="no-link", detail=detail)

    def _commands(self, command: Command) -> Commands:
        assert self._session is not None, "it is asked first whether it is down"
        return self._session.commands(command.device, command.deadline_s)
