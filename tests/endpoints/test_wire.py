"""A socket to paho, a protocol to asyncio."""

import asyncio
from typing import Any

import pytest

from gateway.endpoints.reach.wire import Wire


class Transport(asyncio.Transport):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.ends: list[str] = []

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return bool(self.ends)

    def close(self) -> None:
        self.ends.append("close")

    def abort(self) -> None:
        self.ends.append("abort")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Told:
    """What the wire told its owner."""

    def __init__(self) -> None:
        self.data = 0
        self.lost: list[Exception | None] = []

    def on_data(self) -> None:
        self.data += 1


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def transport() -> Transport:
    return Transport()


@pytest.fixture
async def wire(told: Told, transport: Transport) -> Wire:
    wire = Wire(told.on_data, told.lost.append)
    wire.connection_made(transport)
    return wire


async def test_what_came_is_read_in_the_pieces_asked_for(wire: Wire, told: Told) -> None:
    wire.data_received(b"abc")
    wire.data_received(b"def")
    assert (told.data, wire.pending()) == (2, 6)
    assert [wire.recv(1), wire.recv(4), wire.recv(100)] == [b"a", b"bcde", b"f"]
    assert wire.pending() == 0


async def test_with_nothing_to_read_it_would_block(wire: Wire) -> None:
    with pytest.raises(BlockingIOError):
        wire.recv(1)


async def test_after_its_end_what_is_left_is_read_and_then_nothing(wire: Wire, told: Told) -> None:
    wire.data_received(b"abc")
    wire.connection_lost(None)
    assert [wire.recv(2), wire.recv(2), wire.recv(2)] == [b"ab", b"c", b""]
    assert told.lost == [None]
    assert wire.closed.is_set()


async def test_all_that_is_sent_in_one_turn_leaves_as_one_write(wire: Wire, transport: Transport) -> None:
    assert [wire.send(b"ab"), wire.send(bytearray(b"cd"))] == [2, 2]
    assert transport.writes == []
    await asyncio.sleep(0)
    assert transport.writes == [b"abcd"]
    wire.send(b"ef")
    await asyncio.sleep(0)
    assert transport.writes == [b"abcd", b"ef"]


async def test_what_is_sent_may_be_changed_afterwards(wire: Wire, transport: Transport) -> None:
    buffer = bytearray(b"ab")
    wire.send(buffer)
    buffer[:] = b"xy"
    wire.flush()
    assert transport.writes == [b"ab"]


async def test_closing_sends_what_is_left_first_and_aborting_does_not(wire: Wire, transport: Transport) -> None:
    wire.send(b"bye")
    wire.close()
    assert (transport.writes, transport.ends) == ([b"bye"], ["close"])
    await asyncio.sleep(0)
    assert transport.writes == [b"bye"]
    wire.abort()
    assert transport.ends == ["close", "abort"]


async def test_nothing_can_be_sent_once_it_closes(wire: Wire, transport: Transport) -> None:
    wire.close()
    with pytest.raises(ConnectionError):
        wire.send(b"late")


async def test_an_error_that_ends_it_is_told(wire: Wire, told: Told) -> None:
    error = OSError("reset")
    wire.connection_lost(error)
    assert told.lost == [error]


async def test_before_it_is_connected_everything_is_harmless() -> None:
    wire = Wire(lambda: None, lambda _: None)
    wire.close()
    wire.abort()
    wire.flush()
    wire.setblocking(False)
    assert wire.fileno() == -1
    with pytest.raises(ConnectionError):
        wire.send(b"x")


async def test_it_may_close_after_nobody_waits_for_that_any_more(wire: Wire) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await wire.closed.wait()
    wire.connection_lost(None)
    await wire.closed.wait()


async def test_over_a_real_connection_both_ends_hear_each_other() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readexactly(5)).upper())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        told, loop = Told(), asyncio.get_running_loop()
        wire: Wire
        _, wire = await loop.create_connection(lambda: Wire(told.on_data, told.lost.append), *address(server))
        assert wire.fileno() > 0
        wire.send(b"hel")
        wire.send(b"lo")
        async with asyncio.timeout(5):
            await wire.closed.wait()
        assert wire.recv(100) == b"HELLO"
        assert told.lost == [None]


def address(server: asyncio.Server) -> tuple[str, int]:
    host, port = server.sockets[0].getsockname()
    return host, port
