"""MQTT over WebSocket: to a real server, to the library's other half, and to servers that get it wrong."""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.reach.websocket import FRAME_BYTES, MAX_MESSAGE_BYTES, WebSocketWire
from tests.contract.endpoint_rigs import IDENTITY
from tests.reach.way import (
    Owner,
    config_of,
    connected,
    dialled,
    listening,
    says,
    silence,
    why_not,
)
from tests.support.examples import examples
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.session import connected as in_session
from tests.support.session import message
from tests.support.sockets import closed_down_to, open_sockets
from tests.support.subscriber import Subscriber
from tests.support.websocket import Relay

HEAD = b"\r\n\r\n"
WELCOME = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


class Server:
    """The library's server half at the other end of a wire, joined by memory; `writes` counts what the client wrote."""

    def __init__(self, owner: Owner, subprotocol: str | None = "mqtt") -> None:
        offered = [Subprotocol(subprotocol)] if subprotocol else None
        self.protocol = ServerProtocol(subprotocols=offered, max_size=None)
        self.wire = WebSocketWire(owner.on_data, owner.on_lost, "ws://broker.example/mqtt")
        self.heard = bytearray()
        self.frames: list[Frame] = []
        self.writes = 0
        self.transport = Joined(self)

    async def open(self) -> None:
        self.wire.connection_made(self.transport)
        greeting = asyncio.create_task(self.wire.greet())
        await asyncio.sleep(0)
        self.send()
        await greeting

    def receive(self, data: bytes) -> None:
        self.writes += 1
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.protocol.send_response(self.protocol.accept(event))
            elif isinstance(event, Frame):
                self.frames.append(event)
                if event.opcode in (Opcode.BINARY, Opcode.CONT):
                    self.heard += event.data

    def send(self, cuts: Callable[[bytes], list[bytes]] = lambda data: [data]) -> None:
        """Let the wire have all that was said, cut as you like."""
        for piece in cuts(b"".join(self.protocol.data_to_send())):
            if piece:
                self.wire.data_received(piece)


class Joined(asyncio.Transport):
    """To a `Server`."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self.is_closed = False

    def write(self, data: Any) -> None:
        self._server.receive(bytes(data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            asyncio.get_running_loop().call_soon(self._server.wire.connection_lost, None)

    abort = close

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


@pytest.fixture
async def owner() -> Owner:
    return Owner()


@pytest.fixture
async def server(owner: Owner) -> Server:
    server = Server(owner)
    await server.open()
    return server


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


async def test_all_that_is_sent_in_one_turn_leaves_as_one_message_in_one_write(server: Server) -> None:
    before = server.writes
    server.wire.send(b"ab")
    server.wire.send(b"cd")
    await asyncio.sleep(0)
    assert (bytes(server.heard), len(server.frames), server.writes - before) == (b"abcd", 1, 1)
    assert server.frames[0].opcode is Opcode.BINARY


async def test_what_is_long_goes_as_several_messages_in_one_write(server: Server) -> None:
    before, data = server.writes, bytes(range(256)) * (FRAME_BYTES // 128)
    server.wire.send(data + b"x")
    await asyncio.sleep(0)
    assert bytes(server.heard) == data + b"x"
    assert [len(frame.data) for frame in server.frames] == [FRAME_BYTES, FRAME_BYTES, 1]
    assert server.writes - before == 1


@settings(max_examples=examples(50))
@given(
    st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=8),
    st.integers(1, 40),
)
async def test_however_messages_are_cut_the_bytes_are_the_same(parts: list[tuple[bytes, bool]], size: int) -> None:
    server = Server(Owner())
    await server.open()
    sent, going_on = b"", False
    for data, is_last in parts:
        (server.protocol.send_continuation if going_on else server.protocol.send_binary)(data, fin=is_last)
        sent, going_on = sent + data, not is_last
        server.protocol.send_ping(b"in between")
    server.send(lambda data: [data[at : at + size] for at in range(0, len(data), size)])
    assert bytes(server.wire.inbox) == sent


async def test_a_ping_is_answered_together_with_what_goes_out(server: Server) -> None:
    server.protocol.send_ping(b"there?")
    server.send(bytewise)
    assert [(frame.opcode, bytes(frame.data)) for frame in server.frames] == [(Opcode.PONG, b"there?")]
    before = server.writes
    server.wire.send(b"x")
    server.protocol.send_ping(b"still?")
    server.send()
    await asyncio.sleep(0)
    assert server.writes == before + 1
    assert {frame.opcode for frame in server.frames[1:]} == {Opcode.PONG, Opcode.BINARY}


async def test_its_owner_hears_of_data_only_and_not_before_it_is_open(owner: Owner) -> None:
    told: list[int] = []
    server = Server(owner)
    server.wire._on_data = lambda: told.append(server.wire.pending())
    server.wire.connection_made(server.transport)
    greeting = asyncio.create_task(server.wire.greet())
    await asyncio.sleep(0)
    server.protocol.send_binary(b"early")
    server.send()
    assert told == []
    await greeting
    await asyncio.sleep(0)
    assert told == [5]
    server.protocol.send_ping(b"")
    server.send()
    assert told == [5]


async def test_closing_says_so_and_waits_for_the_far_end(server: Server, owner: Owner) -> None:
    server.wire.send(b"bye")
    server.wire.close()
    assert (bytes(server.heard), server.frames[-1].opcode) == (b"bye", Opcode.CLOSE)
    assert not server.transport.is_closed
    with pytest.raises(ConnectionError):
        server.wire.send(b"late")
    server.send()
    await server.wire.closed.wait()
    assert len(owner.lost) == 1


async def lost_by(server: Server, owner: Owner) -> str:
    server.send()
    await server.wire.closed.wait()
    (error,) = owner.lost
    return str(error)


async def test_the_far_end_s_close_is_shown_and_answered(server: Server, owner: Owner) -> None:
    server.protocol.send_close(CloseCode.POLICY_VIOLATION, "not you\x1b")
    assert await lost_by(server, owner) == r"the far end closed the WebSocket, code 1008 ('not you\x1b')"
    assert server.frames[-1].opcode is Opcode.CLOSE


async def test_a_text_is_an_error(server: Server, owner: Owner) -> None:
    server.protocol.send_text(b"hello")
    assert "a text came" in await lost_by(server, owner)
    assert server.protocol.close_rcvd is not None
    assert server.protocol.close_rcvd.code == CloseCode.UNSUPPORTED_DATA


async def test_a_message_of_the_largest_size_is_taken_and_one_byte_more_is_not(server: Server, owner: Owner) -> None:
    server.protocol.send_binary(bytes(MAX_MESSAGE_BYTES))
    server.send()
    assert server.wire.pending() == MAX_MESSAGE_BYTES
    server.protocol.send_binary(bytes(MAX_MESSAGE_BYTES + 1))
    assert "too large" in await lost_by(server, owner)


async def test_what_is_no_frame_is_an_error(server: Server, owner: Owner) -> None:
    server.wire.data_received(b"\xff\xff\xff\xff")
    assert "what comes is no WebSocket" in await lost_by(server, owner)


async def test_passwords_do_not_reach_the_log(caplog: pytest.LogCaptureFixture, owner: Owner) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server(owner)
    await server.open()
    server.wire.send(b"hunter2")
    await asyncio.sleep(0)
    ours = [each for each in caplog.records if each.name != "websockets.server"]
    assert not [each for each in ours if "websocket" in each.name]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "there is no /mqtt (404)"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "does not let us in (401)"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno\r\n", "does not let us in (403)"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: wss://elsewhere/\r\n\r\n",
            "sends us elsewhere (301): write 'wss://elsewhere/'",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", "a web page is at /mqtt (200)"),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "can't reach the broker behind it (502)"),
        (b"HTTP/1.1 426 Upgrade\r\nContent-Length: 0\r\n\r\n", "refuses the WebSocket at /mqtt with status 426"),
        (b"HTTP/1.1 101 Sure\r\n\r\n", "is no WebSocket server"),
        (WELCOME + b"Sec-WebSocket-Accept: wrong\r\n\r\n", "is no WebSocket server"),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not speak HTTP"),
        (b"\x20\x02\x00\x00", "without answering the WebSocket handshake"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "this port speaks TLS: write mqtts:// or wss://"),
        (b"", "without answering the WebSocket handshake"),
        (b"HTTP/1.1 404 Not", "without answering the WebSocket handshake"),
    ],
)
async def test_a_refused_handshake_is_said_in_words(answer: bytes, words: str) -> None:
    sockets = open_sockets()
    async with listening(says(answer, after=HEAD)) as port:
        assert words in await why_not(f"ws://127.0.0.1:{port}")
    await closed_down_to(sockets)


async def test_where_a_handshake_is_cut_before_a_word_websocket_may_not_be_spoken() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(HEAD)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with listening(reset) as port:
        assert "is WebSocket spoken on this port?" in await why_not(f"ws://127.0.0.1:{port}")


async def test_a_server_that_does_not_know_mqtt_is_said(owner: Owner) -> None:
    with pytest.raises(OSError, match="but not for MQTT"):
        await Server(owner, None).open()


async def test_a_handshake_that_is_not_answered_ends_with_the_time_to_connect() -> None:
    async with listening(silence) as port:
        why = await why_not(f"ws://127.0.0.1:{port}", connect_timeout="200ms")
    assert "does not answer within 0.2 s (connected, but the WebSocket handshake is not answered)" in why


async def test_a_real_server_carries_what_is_published_and_names_a_wrong_path(
    mosquitto: Mosquitto, relay: Relay
) -> None:
    with Subscriber(mosquitto.port) as subscriber:
        url = relay.url(mosquitto.port)
        endpoint = MqttEndpoint(config_of(url), IDENTITY, {})
        async with in_session(endpoint) as session:
            payload = b'"' + b"x" * 3 * FRAME_BYTES + b'"'
            for token in range(20):
                endpoint.publish(message(token, payload))
            await session.acked(*range(20))
        await asyncio.to_thread(subscriber.wait_for, lambda m: m.payload == payload)
        assert "there is no /other (404)" in await why_not(url.replace(f"/to/{mosquitto.port}", "/other"))


async def test_a_broker_with_websocket_of_its_own_takes_what_is_published() -> None:
    """amqtt, which is not ours; it speaks MQTT 3.1.1."""
    from amqtt.broker import Broker  # noqa: PLC0415 -- half a second, which only this test needs

    port = free_port()
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({"listeners": {"default": {"type": "ws", "bind": f"127.0.0.1:{port}"}}, "plugins": plugins})
    await broker.start()
    try:
        endpoint = MqttEndpoint(config_of(f"ws://127.0.0.1:{port}/", protocol="3.1.1"), IDENTITY, {})
        async with in_session(endpoint) as session:
            endpoint.publish(message(1, b'{"a":1}'))
            await session.acked(1)
    finally:
        await broker.shutdown()


async def test_an_end_behind_the_server_is_an_end_here(mosquitto: Mosquitto, relay: Relay) -> None:
    owner = Owner()
    async with connected(relay.url(mosquitto.port), owner):
        mosquitto.kill()
        await owner.until(lambda: owner.lost)
    assert "the far end closed the WebSocket, code 1" in str(owner.lost[0])


async def test_a_cancellation_at_any_moment_closes_everything() -> None:
    sockets = open_sockets()
    async with listening(silence) as port:
        for steps in range(12):
            task = asyncio.create_task(dialled(f"ws://127.0.0.1:{port}"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    await closed_down_to(sockets)
