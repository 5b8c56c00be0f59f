"""Devices on a serial port that is set as they are, or they hear and say rubbish: a pseudo terminal with their end."""

import asyncio
import os
import termios
import threading
import tty
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from adapters.modbus.wire.framing import Rtu
from tests.support.patience import HANG_S

SPEEDS = {getattr(termios, f"B{rate}"): rate for rate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)}
SIZE = 8
"""Bytes of a request to read."""


class Heard(NamedTuple):
    """A request, and the baud rate at which it came."""

    baudrate: int
    unit: int
    function: int


class Port:
    """`path` is where it is opened; `units`: at which baud rate each device is; `noisy`: at others it says rubbish."""

    def __init__(self, units: Mapping[int, int], *, noisy: bool = False) -> None:
        self.units = dict(units)
        self.noisy = noisy
        self.heard: list[Heard] = []
        self.changed = asyncio.Event()
        self._master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._data = bytearray()
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def close(self) -> None:
        """Pulled out; harmless when it is."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    @property
    def functions(self) -> set[int]:
        """What was asked."""
        return {each.function for each in self.heard}

    async def until(self, requests: int) -> None:
        """Wait until so many have come."""
        async with asyncio.timeout(HANG_S):
            while len(self.heard) < requests:
                self.changed.clear()
                await self.changed.wait()

    def _read(self) -> None:
        try:
            self._data += os.read(self._master, 4096)
        except OSError:  # nobody has it open
            return
        while len(self._data) >= SIZE:
            request = bytes(self._data[:SIZE])
            del self._data[:SIZE]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        rate = SPEEDS[termios.tcgetattr(self._slave)[5]]
        heard = Heard(rate, request[0], request[1])
        self.heard.append(heard)
        self.changed.set()
        if self.units.get(heard.unit) == rate:
            count = int.from_bytes(request[4:6], "big")
            os.write(self._master, Rtu().frame(bytes([heard.unit, heard.function, 2 * count, *(b"\0\7" * count)])))
        elif self.noisy and heard.unit in self.units:
            os.write(self._master, b"\xf8\x00\xe6\x1c\x80\xff")


@asynccontextmanager
async def port(units: Mapping[int, int], *, noisy: bool = False) -> AsyncIterator[Port]:
    made = Port(units, noisy=noisy)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def served_port(units: Mapping[int, int], *, noisy: bool = False) -> Iterator[Port]:
    """The same on a thread with a loop of its own, for tests that wait for processes."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="serial port")
    thread.start()

    async def make() -> Port:
        return Port(units, noisy=noisy)

    async def close(made: Port) -> None:
        made.close()

    made = asyncio.run_coroutine_threadsafe(make(), loop).result(HANG_S)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(close(made), loop).result(HANG_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
