"""A Modbus TCP server that can be told to misbehave: every register holds its address, every third bit is set."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.support.patience import HANG_S

REQUEST = struct.Struct(">HHHBBHH")
READ_BITS = frozenset({1, 2})
READS = frozenset({1, 2, 3, 4})


class Query(NamedTuple):
    """One request as it arrived; `size` is the value of a single write."""

    tid: int
    unit: int
    function: int
    address: int
    size: int

    def frame(self, body: bytes, **changed: int) -> bytes:
        """A reply with this after the function code, right but for what is changed."""
        unit, function = changed.get("unit", self.unit), changed.get("function", self.function)
        length = changed.get("length", len(body) + 2)
        head = struct.pack(">HHHBB", changed.get("tid", self.tid), changed.get("protocol", 0), length, unit, function)
        return head + body

    def good(self, **changed: int) -> bytes:
        """The right reply, but for what is changed."""
        if self.function not in READS:
            return self.frame(struct.pack(">HH", self.address, self.size), **changed)
        data = bits(self.address, self.size) if self.function in READ_BITS else words(self.address, self.size)
        return self.frame(bytes([changed.pop("size", len(data))]) + data, **changed)

    def refused(self, code: int) -> bytes:
        """An exception reply."""
        return self.frame(bytes([code]), function=self.function | 0x80)

    def touches(self, address: int) -> bool:
        """Whether a read covers this address."""
        return self.address <= address < self.address + self.size


def words(address: int, count: int) -> bytes:
    return struct.pack(f">{count}H", *range(address, address + count))


def bits(address: int, count: int) -> bytes:
    row = sum(1 << bit for bit in range(count) if (address + bit) % 3 == 0)
    return row.to_bytes((count + 7) // 8, "little")


React = Callable[[Query], bytes | None]
"""The bytes to answer with; None closes the connection after what was answered before."""


def well(query: Query) -> bytes:
    """Answer rightly."""
    return query.good()


def hang(_query: Query) -> bytes:
    """Never answer."""
    return b""


class FaultyServer:
    """Reacts to each request as `react` says, or to those of a unit as `units` says."""

    def __init__(self) -> None:
        self.react: React = well
        self.units: dict[int, React] = {}
        self.piecewise = False
        self.hangs_up = False
        """After each answer."""
        self.queries: list[Query] = []
        self.connections = 0
        self.open = 0
        self.port = 0
        self._changed = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self._answer_all(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open -= 1
            await self._tell()

    async def all_closed(self) -> None:
        """Wait until nobody is connected."""
        await self.until(lambda: self.open == 0)

    async def asked(self, function: int) -> None:
        """Wait until a request with this function has come."""
        await self.until(lambda: any(query.function == function for query in self.queries))

    async def until(self, so: Callable[[], bool], within_s: float = HANG_S) -> None:
        """Wait until something is so, looked at after each request and at each end of a connection."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(so)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readexactly(6)
            rest = await reader.readexactly(int.from_bytes(head[4:6], "big"))
            tid, _, _, unit, function, address, count = REQUEST.unpack((head + rest)[: REQUEST.size])
            query = Query(tid, unit, function, address, count)
            self.queries.append(query)
            await self._tell()
            answer = self.units.get(query.unit, self.react)(query)
            if answer is None:
                return
            for piece in [bytes([byte]) for byte in answer] if self.piecewise else [answer]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if self.hangs_up:
                return


@asynccontextmanager
async def faulty_server() -> AsyncIterator[FaultyServer]:
    faulty = FaultyServer()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(faulty.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    faulty.port = server.sockets[0].getsockname()[1]
    try:
        yield faulty
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
