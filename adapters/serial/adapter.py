"""The serial adapter: one instance per port."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from pydantic import ValidationError

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.framing.make import framer_of
from adapters.serial.outlook import outlook
from adapters.serial.outlook.advice import advice
from adapters.serial.search.ear import Ear
from adapters.serial.search.scope import is_as_set
from adapters.serial.search.survey import overheard, survey
from adapters.serial.session import Session
from adapters.serial.simulator import Playback, Simulation, simulate
from adapters.serial.talk.checks import askable, invoking, writing
from adapters.serial.talk.commands import Commands
from adapters.serial.talk.ground import ground_of
from adapters.serial.talk.wire import Wire
from gateway.adapter import NO_OPTIONS, Adapter, Advice, Direction, Emit, Memory, Rejected, Tap, Tell, Wrote, to_nobody
from gateway.model import Command, Result, ResultStatus
from gateway.ports.connect import connect
from gateway.ports.lasting import lasting_name


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
        self._ears: list[Ear] = []
        self._counters: Mapping[str, int] = {}

    async def run(self, emit: Emit) -> None:
        """Connect, listen, ask and emit until cancelled; AdapterError when the connection is lost."""
        link = self._link
        wire = Wire(framer_of(link.framing, link.checksum), link.port, local_echo=link.local_echo)
        wire.tap = self._tap
        session = Session(link, self._devices, wire, emit, self._memory)
        await connect(link.port, link, link.connect_timeout, lambda: wire)
        talking = asyncio.create_task(session.run(), name="talk")
        try:
            self._session, self._wire = session, wire
            await asyncio.wait((talking, wire.lost), return_when=asyncio.FIRST_COMPLETED)
            await (wire.lost if wire.lost.done() else talking)
        finally:
            self._session = self._wire = None
            self._counters = session.counters
            talking.cancel()
            try:
                await asyncio.gather(talking, return_exceptions=True)
            finally:
                session.stop()
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

    @classmethod
    def simulate(
        cls, link: SerialLink, devices: Mapping[str, SerialDevice], options: Mapping[str, Any] = NO_OPTIONS
    ) -> AbstractAsyncContextManager[Simulation | Playback]:
        """Devices that speak as these do, or a capture of them; options as in `simulator.place`."""
        return simulate(link, devices, options)

    def tap(self, tap: Tap | None) -> None:
        """Show what goes over the wire, as it goes."""
        self._tap = tap
        self._show()

    @classmethod
    def link_to(cls, port: str) -> SerialLink:
        """Set as most are; raises Rejected."""
        try:
            return SerialLink.model_validate({"adapter": "serial", "port": port})
        except ValidationError as error:
            raise Rejected("malformed", f"{port}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None

    @classmethod
    def scans_alone(cls, link: SerialLink, options: Mapping[str, Any]) -> bool:  # noqa: ARG003
        """At other settings than the link's own nothing else can be heard; raises Rejected."""
        return not is_as_set(options)

    @classmethod
    async def survey(
        cls,
        link: SerialLink,
        devices: Mapping[str, SerialDevice],  # noqa: ARG003
        options: Mapping[str, Any],
        tell: Tell,
    ) -> list[dict[str, Any]]:
        """What is said on the port and at which setting; options as in `search.scope`."""
        return await survey(link, options, tell)

    async def scan(self, options: Mapping[str, Any], tell: Tell = to_nobody) -> list[dict[str, Any]]:
        """What devices say, at the link's own settings."""
        if self._wire is None:
            raise Rejected("no-link", f"there is no connection to {self._link.port}")
        ear = Ear()
        self._ears.append(ear)
        self._show()
        try:
            return await overheard(self._link, options, tell, ear)
        finally:
            self._ears.remove(ear)
            self._show()

    def counters(self) -> Mapping[str, int]:
        """Of this connection: what came, what was asked, and what of it went wrong."""
        return self._counters if self._session is None else self._session.counters

    @classmethod
    def advice(cls, link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterable[Advice]:
        """What can't work, names of ports, and more polls than there is time for."""
        return tuple(advice(link, devices, lasting_name))

    @classmethod
    def plan_summary(cls, link: SerialLink, devices: Mapping[str, SerialDevice]) -> list[str]:
        """What each message costs the line, and what they come to."""
        return outlook.lines(link, devices)

    @classmethod
    def load(cls, link: SerialLink, devices: Mapping[str, SerialDevice]) -> Mapping[str, Any]:
        """The same as data."""
        return outlook.facts(link, devices)

    def _show(self) -> None:
        """What goes over the wire, to all who want to see it."""
        if self._wire is None:
            return
        ears, tap = tuple(self._ears), self._tap

        def show(direction: Direction, data: bytes) -> None:
            if tap is not None:
                tap(direction, data)
            if direction == "rx":
                for ear in ears:
                    ear.hear(data)

        self._wire.tap = show if ears else tap

    @property
    def _down(self) -> Result | None:
        if self._session is not None:
            return None
        detail = f"there is no connection to {self._link.port}"
        return Result(ResultStatus.UNREACHABLE, reason="no-link", detail=detail)

    def _commands(self, command: Command) -> Commands:
        assert self._session is not None, "it is asked first whether it is down"
        return self._session.commands(command.device, command.deadline_s)
