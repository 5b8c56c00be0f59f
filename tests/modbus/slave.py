"""Devices on a line in simulated time, which answer late, twice, for others, damaged, or not at all."""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU
from typing_extensions import override

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.awaited import Ask
from adapters.modbus.bus.bus import Bus
from adapters.modbus.wire.exact import Loose
from adapters.modbus.wire.exchange import Exchange
from adapters.modbus.wire.frames import read_frames
from adapters.modbus.wire.framing import Ascii, Framing, Rtu
from adapters.modbus.wire.line import Line
from adapters.modbus.wire.wire import Pace
from gateway.model import Bad
from tests.modbus.setup import cell

EPOCHS = 16
"""Registers say when they were read, in steps of EPOCH_S, and which they are."""
EPOCH_S = 0.25
SILENCE_S = 0.002
TIMEOUT_S = 1.0
ECHO_S = 0.001
SHORT_SILENCES = Pace(silence_s=SILENCE_S)


class Manner(NamedTuple):
    """How a device answers one request. Seconds; `again_s`: after the first time."""

    after_s: float = 0.04
    again_s: float | None = None
    silent: bool = False
    refused: int = 0
    as_unit: int | None = None
    damage: int | None = None
    before: bytes = b""
    behind: bytes = b""
    cut: int | None = None


WELL = Manner()


def word(address: int, at_s: float) -> int:
    """What a register holds at a time."""
    return (address * EPOCHS + int(at_s / EPOCH_S) % EPOCHS) & 0xFFFF


class Slaves(asyncio.Transport):
    """Everyone on the line: each answers in the order in which it was asked, however long it takes."""

    def __init__(self, line: Line, manners: Callable[[bytes], Manner], framing: Framing) -> None:
        super().__init__()
        self.asked: list[tuple[float, bytes]] = []
        self.echoes = False
        self._line = line
        self._manners = manners
        self._framing = framing
        self._loop = asyncio.get_running_loop()
        self._busy_s: dict[int, float] = {}

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        request = unframed(bytes(data), self._framing)
        now_s = self._loop.time()
        self.asked.append((now_s, request))
        if self.echoes:
            self._loop.call_later(ECHO_S, self._say, bytes(data))
        manner = self._manners(request)
        if manner.silent:
            return
        at_s = max(now_s, self._busy_s.get(request[0], 0.0)) + manner.after_s
        self._loop.call_at(at_s, self._answer, request, manner)
        if manner.again_s is not None:
            at_s += manner.again_s
        self._busy_s[request[0]] = at_s

    @override
    def abort(self) -> None:
        self._loop.call_soon(self._line.connection_lost, None)

    def _answer(self, request: bytes, manner: Manner) -> None:
        unit, function, address, count = struct.unpack_from(">BBHH", request)
        now_s = self._loop.time()
        if manner.refused:
            body = bytes([unit, function | 0x80, manner.refused])
        elif function in (3, 4):
            words = [word(address + n, now_s) for n in range(count)]
            body = struct.pack(f">BBB{count}H", unit, function, 2 * count, *words)
        elif function in (1, 2):
            size = (count + 7) // 8
            body = bytes([unit, function, size]) + bytes(size)
        elif function == 23:
            data = request[-2 * count :]  # of a request that reads back what it writes
            body = bytes([unit, function, len(data)]) + data
        else:
            body = request[: 8 if function == 22 else 6]
        if manner.as_unit is not None:
            body = bytes([manner.as_unit]) + body[1:]
        frame = bytearray(self._framing.frame(body))
        if manner.damage is not None:
            frame[manner.damage % len(frame)] ^= 0x55
        said = manner.before + bytes(frame[: manner.cut]) + manner.behind
        self._say(said)
        if manner.again_s is not None:
            self._loop.call_later(manner.again_s, self._say, said)

    def _say(self, data: bytes) -> None:
        if self._line.open and data:
            self._line.data_received(data)


def unframed(frame: bytes, framing: Framing) -> bytes:
    """Unit, function and what follows; a frame of ours is whole."""
    decoder = DecodePDU(is_server=True)
    framer = FramerRTU(decoder) if isinstance(framing, Rtu) else FramerAscii(decoder)
    _, unit, _, pdu = framer.decode(frame)
    assert pdu, frame
    return bytes([unit]) + pdu


class Watched(Exchange):
    """A poll of some registers, due again as soon as it has ended; what is wrong with its values is noted."""

    def __init__(self, bus: Bus, unit: int, address: int, count: int, wrong: list[str]) -> None:
        cells = tuple(cell(n, address + n, "uint16") for n in range(count))
        super().__init__(read_frames(unit, Block(cells)), TIMEOUT_S)
        self.good = 0
        self.bad: list[Bad] = []
        self._bus = bus
        self._wanted = (address, count)
        self._wrong = wrong
        self._loop = asyncio.get_running_loop()
        self._since_s = self._loop.time()

    def poll(self) -> None:
        self._since_s = self._loop.time()
        self._bus.poll((self,), self._since_s)

    @override
    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        address, count = self._wanted
        words = struct.unpack_from(f">{count}H", buffer, at)
        now_s = self._loop.time()
        sent_s = self.deadline_s - TIMEOUT_S - SILENCE_S
        moments = [sent_s + n * EPOCH_S for n in range(int((now_s - sent_s) / EPOCH_S) + 1)] + [now_s]
        if words not in {tuple(word(address + n, moment) for n in range(count)) for moment in moments}:
            self._wrong.append(f"{now_s:.3f}: {self.expected[0]}/{address}+{count} got {words}")
        self.good += 1
        self._loop.call_soon(self.poll)

    @override
    def failed(self, bad: Bad) -> None:
        self.bad.append(bad)
        if self._bus.wire.open:
            self._loop.call_soon(self.poll)


class LineRig:
    """A bus on such a line."""

    def __init__(
        self,
        manners: Callable[[bytes], Manner],
        *,
        ascii_frames: bool = False,
        echo: bool | None = False,
        pace: Pace = SHORT_SILENCES,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        framing = Ascii() if ascii_frames else Rtu()
        self.line = Line(self.loop, "line", framing, Loose(self.loop), pace, echo=echo)
        self.slaves = Slaves(self.line, manners, framing)
        self.line.connection_made(self.slaves)
        self.bus = Bus(self.line, 0.3)
        self.wrong: list[str] = []

    def poll(self, *wanted: tuple[int, int, int]) -> list[Watched]:
        """Read these (unit, address, count) for ever."""
        polls = [Watched(self.bus, *each, self.wrong) for each in wanted]
        for each in polls:
            each.poll()
        return polls

    def ask(self, frames: "object", timeout_s: float = TIMEOUT_S) -> Ask:
        return Ask(frames, timeout_s, self.loop.time() + 1e6)  # type: ignore[arg-type]

    async def close(self) -> None:
        self.bus.stop()
        await self.line.close()


def in_turn(manners: Sequence[Manner], then: Manner = WELL) -> Callable[[bytes], Manner]:
    """One after the other for whatever is asked, then always so."""
    rest = iter(manners)
    return lambda _request: next(rest, then)
