"""Devices on one line that only speak when they are asked: a real peer over TCP, or over a pseudo terminal.

`R1` CR asks number 1 for its value, the answer is `>1 7` CR; `W1 5` CR sets it, the answer is `!1` CR.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.patience import HANG_S
from tests.support.ptys import ptys

POLL = {"send": "R{address}\r"}
MATCH = r"^>.(?P<value> \d+)$"
WRITE = {"send": "W{address} {value}\r", "expect": "^!{address}$"}
FRAMING = {"type": "line", "terminator": "\r"}
ADDRESS = {"at": 1, "length": 1}


class Chain:
    """`silent`: who does not answer. With `is_cut` the line is lost at the next question."""

    def __init__(self, place: str) -> None:
        self.place = place
        """What a link's `port` is to reach it."""
        self.values = {"1": 7, "2": 7}
        self.silent = set[str]()
        self.is_cut = False
        self.hang_up: Callable[[], None]
        self.held: Callable[[], bool]
        """Whether anybody still has the line."""
        self._rest = b""

    def take(self, data: bytes) -> bytes:
        """What is said to these bytes."""
        *lines, self._rest = (self._rest + data).split(b"\r")
        if lines and self.is_cut:
            self.hang_up()
            return b""
        return b"".join(self._answer(line.decode()) for line in lines)

    async def all_closed(self) -> None:
        """Wait until nobody has the line any more."""
        async with asyncio.timeout(HANG_S):
            while self.held():  # noqa: ASYNC110  # the kernel tells nobody that a terminal was closed
                await asyncio.sleep(0.01)
        self._rest = b""

    def _answer(self, line: str) -> bytes:
        verb, address, argument = line[:1], line[1:2], line[3:]
        if address in self.silent or address not in self.values:
            return b""
        if verb == "W":
            self.values[address] = int(argument)
            return f"!{address}\r".encode()
        return f">{address} {self.values[address]}\r".encode()


@asynccontextmanager
async def over_tcp() -> AsyncIterator[Chain]:
    """Behind a port of this machine, as a device server has it."""
    writers = set[asyncio.StreamWriter]()
    chain: Chain

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while data := await reader.read(4096):
                writer.write(chain.take(data))
        except ConnectionError:
            pass
        finally:
            writers.discard(writer)
            writer.close()

    def hang_up() -> None:
        for writer in writers:
            writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        chain = Chain(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        chain.hang_up = hang_up
        chain.held = lambda: bool(writers)
        yield chain
        await chain.all_closed()


@asynccontextmanager
async def over_pty() -> AsyncIterator[Chain]:
    """Behind a pseudo terminal."""
    loop = asyncio.get_running_loop()
    async with ptys() as pair:
        chain = Chain(pair.ours)
        end = os.open(pair.theirs, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

        def heard() -> None:
            if data := os.read(end, 4096):
                os.write(end, chain.take(data))

        def hang_up() -> None:
            loop.remove_reader(end)
            loop.call_soon(pair.unplug)

        loop.add_reader(end, heard)
        chain.hang_up = hang_up
        chain.held = lambda: holders(pair.ours) > 1
        yield chain
        loop.remove_reader(end)
        os.close(end)


def holders(path: str) -> int:
    """How often this process has a terminal open, the other end's own hold on it among them."""
    terminal = Path(path).resolve()
    return sum(each.resolve() == terminal for each in Path("/proc/self/fd").iterdir())
