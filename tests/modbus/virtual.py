"""A bus in simulated time: what takes an hour takes no time, and each duration is exact."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from typing_extensions import override

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.awaited import Ask
from adapters.modbus.bus.bus import Bus
from adapters.modbus.wire.exchange import Exchange
from adapters.modbus.wire.frames import read_frames
from adapters.modbus.wire.mbap import Stream
from gateway.model import Bad
from tests.modbus.faulty import REQUEST, Query
from tests.modbus.setup import cell
from tests.support.simulated import in_simulated_time

POLL, COMMAND = 1, 2
"""The unit ids by which requests are told apart."""
ONE = Block((cell(0, 7, "uint16"),))


class Line(asyncio.Transport):
    """Answers each request after the time that its unit takes; one that takes none hangs. `sent`: (when, unit)."""

    def __init__(self, wire: Stream, takes_s: Mapping[int, float]) -> None:
        super().__init__()
        self.sent: list[tuple[float, int]] = []
        self._wire = wire
        self._takes_s = takes_s
        self._loop = asyncio.get_running_loop()

    @property
    def units(self) -> list[int]:
        """The order in which units were asked."""
        return [unit for _, unit in self.sent]

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        tid, _, _, unit, function, address, size = REQUEST.unpack(bytes(data)[: REQUEST.size])
        self.sent.append((self._loop.time(), unit))
        if unit in self._takes_s:
            self._loop.call_later(self._takes_s[unit], self._answer, Query(tid, unit, function, address, size).good())

    @override
    def abort(self) -> None:
        self._wire.connection_lost(None)

    def _answer(self, frame: bytes) -> None:
        if self._wire.open:
            self._wire.get_buffer(-1)[: len(frame)] = frame
            self._wire.buffer_updated(len(frame))


class Endless(Exchange):
    """A poll that is due again as soon as it has ended."""

    def __init__(self, bus: Bus, timeout_s: float = 1.0, *, unit: int = POLL) -> None:
        super().__init__(read_frames(unit, ONE), timeout_s)
        self._bus = bus

    @override
    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        self._bus.poll((self,), asyncio.get_running_loop().time())

    @override
    def failed(self, bad: Bad) -> None:
        if self._bus.wire.open:
            self._bus.poll((self,), asyncio.get_running_loop().time())


class Rig:
    """A bus whose requests take the time that is said here, by unit."""

    def __init__(self, takes_s: Mapping[int, float], share: float = 0.3, in_flight: int = 1) -> None:
        self.loop = asyncio.get_running_loop()
        self.wire = Stream(self.loop, "peer", in_flight)
        self.line = Line(self.wire, takes_s)
        self.wire.connection_made(self.line)
        self.bus = Bus(self.wire, share)

    def ask(self, unit: int = COMMAND, timeout_s: float = 1.0, within_s: float = 1e6) -> Ask:
        return Ask(read_frames(unit, ONE), timeout_s, self.loop.time() + within_s)

    async def flood(self, count: int, unit: int = COMMAND) -> None:
        """So many commands at once."""
        await asyncio.gather(*(self.bus.ask(self.ask(unit)) for _ in range(count)))

    async def one_by_one(self, count: int, unit: int = COMMAND) -> None:
        """So many commands, each when the last has ended and its sender has been told: as the core does it."""
        for _ in range(count):
            await asyncio.create_task(self._one(unit))

    async def _one(self, unit: int) -> None:
        await self.bus.ask(self.ask(unit))

    def share_of(self, unit: int, since_s: float = 0.0) -> float:
        """Of the bus's time from then on, for as long as it never rested."""
        times = [each for each in self.line.sent if each[0] >= since_s]
        ends = [at for at, _ in times[1:]]
        spent = [end - at for (at, asked), end in zip(times, ends, strict=False) if asked == unit]
        return sum(spent) / (ends[-1] - times[0][0])

    async def close(self) -> None:
        self.bus.stop()
        await self.wire.close()


def simulate(
    happens: Callable[[Rig], Coroutine[Any, Any, None]],
    takes_s: Mapping[int, float],
    share: float = 0.3,
    in_flight: int = 1,
) -> None:
    """Run this on a fresh bus, from moment 0 on."""

    async def run() -> None:
        rig = Rig(takes_s, share, in_flight)
        await happens(rig)
        await rig.close()

    in_simulated_time(run)
