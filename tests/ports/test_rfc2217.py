"""Ports at a device server of RFC 2217: pyserial's, and others that are not quite that."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.adapter import AdapterError
from gateway.ports import SerialSettings
from gateway.ports.connect import Port, connect
from tests.support.listener import Listener
from tests.support.ptys import ptys
from tests.support.rfc2217 import DeviceServer


@asynccontextmanager
async def opening(port: int, **settings: Any) -> AsyncIterator[tuple[Port, Listener]]:
    listener = Listener()
    name = f"rfc2217://127.0.0.1:{port}"
    opened = await connect(name, SerialSettings.model_validate(settings), 5, lambda: listener)
    try:
        yield opened, listener
    finally:
        opened.abort()
        await listener.ended()


@asynccontextmanager
async def rig() -> AsyncIterator[tuple[DeviceServer, Port, Listener]]:
    """A server in front of a port, and the device at that port's other end."""
    async with ptys() as pair:
        device = Listener()
        line = await connect(pair.theirs, SerialSettings(), 5, lambda: device)
        async with DeviceServer(pair.ours).serving() as server:
            yield server, line, device
        line.abort()
        await device.ended()


async def test_bytes_pass_both_ways_whatever_they_are() -> None:
    every = bytes(range(256)) + b"\xff\xff\xff\xfa\xff\xf0\r\n\r\0"
    async with rig() as (server, line, device), opening(server.port) as (port, listener):
        port.write(every)
        await device.hears(every)
        line.write(every)
        await listener.hears(every)


async def test_the_far_port_is_set_as_configured_and_its_speed_can_change() -> None:
    given = {"baudrate": 1200, "stop_bits": 2, "flow_control": "xon-xoff", "dtr": False, "rts": True}
    async with rig() as (server, _, device), opening(server.port, **given) as (port, _):
        far = server.line
        assert (far.baudrate, far.bytesize, far.parity, far.stopbits, far.xonxoff) == (1200, 8, "N", 2, True)
        assert (far.dtr, far.rts) == (False, True)
        port.write(b"\x06050\r\n")
        assert port.tunable
        assert await port.set_baudrate(9600)
        assert far.written == [(1200, b"\x06050\r\n")]
        assert far.baudrate == 9600
        await device.hears(b"\x06050\r\n")


async def test_a_server_that_is_hung_up_ends_the_port_once() -> None:
    async with rig() as (server, _, _), opening(server.port) as (port, listener):
        server.hang_up()
        await listener.ended()
        port.write(b"into the void")
        with pytest.raises(AdapterError, match=r"127\.0\.0\.1:\d+ has been closed"):
            await port.set_baudrate(300)
    assert len(listener.ends) == 1


async def test_reading_can_pause() -> None:
    async with rig() as (server, line, _), opening(server.port) as (port, listener):
        port.pause_reading()
        line.write(b"12")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await listener.hears(b"12")
        port.resume_reading()
        await listener.hears(b"12")


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[int]:
    """A server that answers so; None: it hangs up."""

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport
            transports.append(transport)

        def data_received(self, data: bytes) -> None:
            said = answer(data)
            if said is None:
                self.transport.abort()
            else:
                self.transport.write(said)

    transports: list[Any] = []
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in transports:
            each.abort()
        await server.wait_closed()


IAC, DONT, DO, WONT, WILL, SB, SE, COM_PORT = 255, 254, 253, 252, 251, 250, 240, 44
SAID = re.compile(rb"\xff([\xfb-\xfe])(.)|\xff\xfa\x2c(.)((?:[^\xff]|\xff\xff)*)\xff\xf0", re.DOTALL)
"""An option (RFC 854), or a setting of the port and its value (RFC 2217, 3)."""


def telnet(data: bytes, yes: dict[int, int], setting: Callable[[int, bytes], bytes]) -> bytes:
    """A server's answers; it answers everything, also what is an answer."""
    said = b""
    for verb, option, command, value in SAID.findall(data):
        if verb and verb[0] in yes:
            said += bytes([IAC, yes[verb[0]]]) + option
        elif command:
            said += bytes([IAC, SB, COM_PORT, command[0] + 100]) + setting(command[0], value) + bytes([IAC, SE])
    return said


def refuses(data: bytes) -> bytes:
    """It has no such option."""
    return telnet(data, {WILL: DONT, DO: WONT}, lambda _command, value: value)


def only_9600(data: bytes) -> bytes:
    """Its port has one speed."""
    return telnet(
        data,
        {WILL: DO, DO: WILL},
        lambda command, value: (9600).to_bytes(4, "big") if command == 1 else value,
    )


async def why(answer: Callable[[bytes], bytes | None], timeout_s: float = 5, **settings: Any) -> str:
    """It could not be opened."""
    async with answering(answer) as number:
        given = SerialSettings.model_validate(settings)
        with pytest.raises(AdapterError) as error:
            await connect(f"rfc2217://127.0.0.1:{number}", given, timeout_s, Listener)
        return str(error.value).replace(str(number), "PORT")


async def test_whoever_only_carries_bytes_is_told_from_one_that_sets_its_port() -> None:
    plain = "does it only carry bytes? Then write tcp:// and set the line there"
    assert await why(lambda _: b"", 0.1) == f"127.0.0.1:PORT does not speak RFC 2217 within 100ms: {plain}"
    assert await why(lambda data: data, 0.1) != ""
    assert await why(lambda _: None) == f"127.0.0.1:PORT does not speak RFC 2217: {plain}"
    assert await why(refuses) == f"127.0.0.1:PORT does not speak RFC 2217: {plain}"


async def test_a_far_port_that_goes_on_with_other_settings_is_told() -> None:
    assert await why(only_9600, baudrate=19200) == "127.0.0.1:PORT does not take these settings: 19200 8N1"
    async with answering(only_9600) as number, opening(number) as (port, _):
        with pytest.raises(AdapterError, match=r"127\.0\.0\.1:\d+ does not take 300 baud"):
            await port.set_baudrate(300)
        assert await port.set_baudrate(9600)


async def test_a_server_that_falls_silent_does_not_hold_a_change_of_speed_for_ever() -> None:
    mute = False
    async with answering(lambda data: b"" if mute else only_9600(data)) as number:
        listener = Listener()
        port = await connect(f"rfc2217://127.0.0.1:{number}", SerialSettings(), 0.3, lambda: listener)
        mute = True
        with pytest.raises(AdapterError, match="does not say whether it takes 300 baud"):
            await port.set_baudrate(300)
        port.abort()
        await listener.ended()
