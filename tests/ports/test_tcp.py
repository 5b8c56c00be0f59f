"""Ports at a device server that carries their bytes over TCP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.adapter import AdapterError
from gateway.ports import SerialSettings
from gateway.ports.connect import connect
from tests.support.listener import Listener
from tests.support.ports import free_port


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[Listener]]]:
    made: list[Listener] = []

    def accept() -> Listener:
        made.append(Listener())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], made
    finally:
        server.close()
        for each in made:
            each.transport.abort()
        await server.wait_closed()


async def opened(port: int, host: str = "127.0.0.1") -> tuple[Any, Listener]:
    listener = Listener()
    return await connect(f"tcp://{host}:{port}", SerialSettings(), 5, lambda: listener), listener


async def test_bytes_pass_both_ways_and_a_far_end_that_is_gone_will_show() -> None:
    async with listening() as (number, far):
        port, listener = await opened(number, "localhost")
        port.write(b"W\r\n")
        port.writelines([b"T\r", b"\n"])
        await listener.until(lambda _: bool(far))
        await far[0].hears(b"W\r\nT\r\n")
        far[0].transport.write(b"12.0 kg\r\n")
        await listener.hears(b"12.0 kg\r\n")
        peer = port.get_extra_info("socket")
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 25_000
        far[0].transport.abort()
        await listener.ended()
        port.write(b"into the void")
    assert len(listener.ends) == 1


async def test_its_speed_is_the_far_ends_and_that_is_said() -> None:
    async with listening() as (number, _):
        port, listener = await opened(number)
        assert not port.tunable
        assert not await port.set_baudrate(300)
        port.close()
        await listener.ended()


async def test_nobody_there_is_told_with_what_to_do() -> None:
    with pytest.raises(AdapterError, match=r"127\.0\.0\.1:\d+ refuses the connection: nothing listens there, or"):
        await opened(free_port())


async def test_whose_protocol_can_not_be_made_hangs_up() -> None:
    def make() -> asyncio.Protocol:
        raise AdapterError("no timer")

    async with listening() as (number, far):
        with pytest.raises(AdapterError, match="no timer"):
            await connect(f"tcp://127.0.0.1:{number}", SerialSettings(), 5, make)
        port, listener = await opened(number)
        await far[0].ended()
        port.abort()
        await listener.ended()
