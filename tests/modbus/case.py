"""A quirk as a folder: what is configured, what goes over the wire, and what must come of it (cases/README.md)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from typing_extensions import override

import gateway.grid
from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.wire.connect import pace_of
from adapters.modbus.wire.exact import Loose
from adapters.modbus.wire.framing import ASCII_END, ASCII_START, Ascii, Rtu, framing_of
from adapters.modbus.wire.line import Line
from adapters.modbus.wire.mbap import Datagrams, Stream
from adapters.modbus.wire.wire import Wire
from gateway.grid import Grid
from gateway.units import parse_duration
from tests.support.played import PATIENCE_S, Outcome, Told, perform
from tests.support.simulated import in_simulated_time

NEXT_S = 0.01
"""Between two lines of the wire that do not say how long."""
LINE = re.compile(r"([<>!])\s*(?:\+(\S+)\s+)?(.*)")


class Step(NamedTuple):
    """One line of wire.txt: `kind` is its sign; `after_s` counts from the line before."""

    number: int
    kind: str
    after_s: float
    data: bytes


def steps_of(text: str) -> Iterator[Step]:
    """The lines of wire.txt, without those that say nothing."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        match = LINE.fullmatch(line)
        assert match, f"wire.txt:{number}: a line begins with <, > or !, not as {raw!r}"
        kind, after, said = match.groups()
        data = said.encode() if kind == "!" else bytes_of(said)
        yield Step(number, kind, parse_duration(after) if after else NEXT_S, data)


def bytes_of(text: str) -> bytes:
    """Hex with or without blanks; `crc` and `lrc` stand for the check of all before; a colon begins a line of ASCII."""
    hexes, is_line = text.replace(" ", ""), text.startswith(":")
    for check, framing in (("crc", Rtu()), ("lrc", Ascii())):
        if hexes.endswith(check):
            return framing.frame(bytes.fromhex(hexes.removesuffix(check).removeprefix(":")))
    return ASCII_START + hexes[1:].upper().encode() + ASCII_END if is_line else bytes.fromhex(hexes)


class Player(asyncio.Transport, asyncio.DatagramTransport):
    """The far end: takes requests, and says what wire.txt says; transaction numbers are those of the requests."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        self._numbers: dict[bytes, bytes] = {}
        self.is_numbered = not isinstance(wire, Line)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._requests.put_nowait(bytes(data))

    @override
    def sendto(self, data: Any, addr: Any = None) -> None:
        self.write(data)

    @override
    def abort(self) -> None:
        self._loop.call_soon(self._wire.connection_lost, None)

    async def play(self, steps: list[Step], command: Callable[[bytes], None]) -> None:
        """Until a request comes that is not in the steps, or none for long."""
        for step in steps:
            if step.kind == ">":
                await self._expect(step)
                continue
            await asyncio.sleep(step.after_s)
            if step.kind == "!":
                command(step.data)
            else:
                self._say(step.data)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._requests.get()
        except TimeoutError:
            pass

    async def _expect(self, step: Step) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                came = await self._requests.get()
        except TimeoutError:
            raise AssertionError(f"wire.txt:{step.number}: no request came") from None
        wanted = step.data
        if self.is_numbered:
            self._numbers[wanted[:2]] = came[:2]
            wanted = came[:2] + wanted[2:]
        assert came == wanted, f"wire.txt:{step.number}: the gateway asked {came.hex(' ')}, not {wanted.hex(' ')}"

    def _say(self, data: bytes) -> None:
        wire = self._wire
        if not wire.open:
            return
        if isinstance(wire, Line):
            wire.data_received(data)
            return
        data = self._numbers.get(data[:2], data[:2]) + data[2:]
        if isinstance(wire, Datagrams):
            wire.datagram_received(data, None)
        elif isinstance(wire, Stream):
            wire.get_buffer(-1)[: len(data)] = data
            wire.buffer_updated(len(data))


def wire_of(link: ModbusLink) -> Wire:
    """As the adapter connects it, but for what is below."""
    loop, pace = asyncio.get_running_loop(), pace_of(link)
    if link.is_line:
        return Line(loop, link.peer, framing_of(link), Loose(loop), pace, echo=link.local_echo)
    kind = Datagrams if link.transport == "udp" else Stream
    return kind(loop, link.peer, link.max_in_flight, pace)


def outcome_of(folder: Path, replace: Callable[[str, Any], None]) -> list[Outcome]:
    """Play a case: what the adapter has emitted and answered, in order. `replace` puts a value at a name."""
    link, devices = configured(folder)
    steps = list(steps_of((folder / "wire.txt").read_text()))
    told = Told()

    async def all_of_it() -> None:
        loop = asyncio.get_running_loop()
        gateway.grid._grids[loop] = Grid(loop, loop.time)
        wire = wire_of(link)
        player = Player(wire)

        async def connect(_link: ModbusLink) -> Wire:
            wire.connection_made(player)
            return wire

        replace("adapters.modbus.adapter.connect", connect)
        adapter = ModbusAdapter(link, devices, {name: {} for name in devices})
        await perform(adapter, told, player.play(steps, lambda what: told.command(adapter, json.loads(what))))

    in_simulated_time(all_of_it)
    return told


def configured(folder: Path) -> tuple[ModbusLink, dict[str, ModbusDevice]]:
    """The one link of gateway.yaml, and its devices."""
    given = yaml.safe_load((folder / "gateway.yaml").read_text())
    ((name, link),) = given["links"].items()
    devices = {each: ModbusDevice.model_validate({"link": name, **what}) for each, what in given["devices"].items()}
    return ModbusLink.model_validate({"adapter": "modbus", **link}), devices
