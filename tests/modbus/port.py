"""Devices on a serial port that is set as they are, or they hear and say rubbish: a pseudo terminal with their end."""

import asyncio
import os
import termios
import tty
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from adapters.modbus.framing import Rtu

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
        self.units = units
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
        async with asyncio.timeout(10):
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
            os.write(self._master, Rtu().frame(bytes([heard.unit, heard.function, 2, 0, 7])))
        elif self.noisy and heard.unit in self.units:
            os.write(self._master, b"\xf8\x00\xe6\x1c\x80\xff")


@asynccontextmanager
async def port(units: Mapping[int, int], *, noisy: bool = False) -> AsyncIterator[Port]:
    made = Port(units, noisy=noisy)
    try:
        yield made
    finally:
        made.close()
