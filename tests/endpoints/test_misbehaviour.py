"""A broker that breaks the protocol: each time a plain sentence, and no harm to the next connection."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from gateway.endpoints.contract import EndpointError, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.config import MqttConfig
from tests.support.session import SessionLog, connected, message

WELCOME = b"\x20\x03\x00\x00\x00"
WELCOME_V3 = b"\x20\x02\x00\x00"
PUBLISH = 3
REASON = b"\x1f\x00\x05sorry"
"""A Reason String (MQTT 5, 2.2.2.2)."""

VERSIONS = pytest.mark.parametrize("protocol", [5, "3.1.1"])


async def read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Type and body."""
    first, size, shift = (await reader.readexactly(1))[0], 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first >> 4, await reader.readexactly(size)


@asynccontextmanager
async def broker(
    greeting: bytes, answer: bytes = b"", *, closes: bool = False, bytewise: bool = False
) -> AsyncIterator[str]:
    """Greets, and answers the first PUBLISH like this, ID standing for its packet id; its address."""

    async def write(writer: asyncio.StreamWriter, data: bytes) -> None:
        for piece in [bytes((byte,)) for byte in data] if bytewise else [data]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await read_packet(reader)
            await write(writer, greeting)
            while not closes:
                kind, body = await read_packet(reader)
                if kind == PUBLISH:
                    at = 2 + int.from_bytes(body[:2], "big")
                    await write(writer, answer.replace(b"ID", body[at : at + 2]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def endpoint(url: str, protocol: Any = 5, memory: dict[str, Any] | None = None, **more: Any) -> MqttEndpoint:
    settings = {"commands": False, "connect_timeout": "1s", "protocol": protocol, **more}
    config = MqttConfig.model_validate({"type": "mqtt", "url": url, **settings})
    return MqttEndpoint(config, Identity("gw", "cloud", ()), {} if memory is None else memory)


@pytest.mark.parametrize(
    ("greeting", "sentence"),
    [
        (b"", "closed the connection before it answered CONNECT"),
        (b"\x20\x03\x00", "closed the connection before it answered CONNECT"),
        (b"\x20\x01\x00", "not MQTT: a CONNACK that is cut short"),
        (b"\x20\x05\x00\x00\x7f\x27\x00", "not MQTT"),
        (b"\x20\x05\x00\x00\x02\x63\x00", "not MQTT"),
        (b"\x20\x06\x00\x00\x03\x21\x00\x00", "not MQTT"),
        (b"\xd0\x00", "not MQTT: PINGRESP before CONNACK"),
        (b"\xf0\x00", "not MQTT: AUTH before CONNACK"),
        (b"\x30\xff\xff\xff\xff\x01", "not MQTT"),
        (b"\x20\x03\x00\x85\x00", "refuses us: Client identifier not valid .set another client_id"),
        (b"\x20\x02\x00\x05", "refuses us: Not authorized"),
        (b"\x20\x02\x00\x01", "refuses us: Unsupported protocol version .set protocol: 3.1.1"),
        (b"\x20\x0b\x00\x89\x08" + REASON, 'refuses us: Server busy: "sorry"'),
        (b"\x20\x03\x00\xf7\x00", "refuses us: reason code 0xf7"),
        (b"\x20\x05\x00\x00\x02\x24\x00", "QoS not supported .the broker takes QoS 0 only"),
        (b"\xe0\x02\x8b\x00", "has ended the connection: Server shutting down"),
    ],
)
@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
async def test_a_login_that_goes_wrong_is_told_in_words(greeting: bytes, sentence: str, bytewise: bool) -> None:
    async with broker(greeting, closes=True, bytewise=bytewise) as url:
        with pytest.raises(EndpointError, match=sentence) as caught:
            await endpoint(url).run(SessionLog(said_goodbye=False))
    assert not caught.value.cut, "nothing that was sent can be to blame"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"\xf0\x00", "not MQTT: a packet of type AUTH"),
        (WELCOME, "not MQTT: CONNACK once more"),
        (b"\x50\x02ID", "not MQTT: a packet of type PUBREC"),
        (b"\xc0\x00", "not MQTT: a packet of type PINGREQ"),
        (b"\x40\x01\x00", "not MQTT: a PUBACK that is cut short"),
        (b"\x40\x05ID\x87\x7f\x00", "not MQTT"),
        (b"\x90\x02\x00\x01", "not MQTT: a SUBACK that is cut short"),
        (b"\x30\x04\x00\x09ab", "not MQTT"),
        (b"\x30\x05\x00\x02\xff\xfe\x00", "not MQTT"),
        (b"\xe0\x0a\x98\x08" + REASON, 'Administrative action: "sorry"'),
        (b"\xe0\x00", "the broker has ended the connection$"),
        (b"\xe0\x02\x97\x00", "Quota exceeded"),
        (b"\xe0\x02\x95\x00", "Packet too large .set smaller batches"),
        (b"\xe0\x02\x8d\x00", "Keep alive timeout"),
        (b"\xe0\x02\x8e\x00", "another client with the client_id fieldgate-gw-cloud has connected"),
        (b"\xe0\x02\xf7\x00", "reason code 0xf7"),
    ],
)
async def test_an_answer_that_is_none_is_told_in_words(answer: bytes, sentence: str) -> None:
    async with broker(WELCOME, answer) as url:
        cloud = endpoint(url)
        with pytest.raises(EndpointError, match=sentence) as caught:  # noqa: PT012 -- raised at the end of the context
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1))
                await session.ended_early()
    assert caught.value.cut is ("Packet too large" in str(caught.value)), "that alone may be about what was sent"
    assert session.acks == []


@VERSIONS
async def test_words_on_publishes_that_nobody_sent_are_passed_over(protocol: Any) -> None:
    stray = b"\x40\x02\x77\x77" + (b"\x40\x04\x77\x77\x87\x00" if protocol == 5 else b"") + b"\x90\x04\x77\x77\x00\x00"
    async with broker(WELCOME if protocol == 5 else WELCOME_V3, stray + b"\x40\x02ID") as url:
        cloud = endpoint(url, protocol)
        async with connected(cloud, said_goodbye=False) as session:
            cloud.publish(message(1))
            assert (await session.acked(1))[0].code == 0
            assert len(session.acks) == 1


@pytest.mark.parametrize("code", [0x80, 0x87, 0x91, 0x97, 0xF7])
async def test_a_refusal_is_about_the_endpoint_and_quotes_the_broker(code: int) -> None:
    async with broker(WELCOME, b"\x40\x0cID" + bytes((code, 8)) + REASON, bytewise=True) as url:
        cloud = endpoint(url)
        async with connected(cloud, said_goodbye=False) as session:
            cloud.publish(message(1))
            (ack,) = await session.acked(1)
            assert (ack.code, ack.about_message) == (code, False)
            assert ack.text.startswith(f"{code:#04x} ")
            assert '"sorry"' in ack.text


async def test_a_broker_that_cuts_after_login_is_told_from_one_that_never_let_us_in() -> None:
    async with broker(WELCOME, closes=True) as url:
        with pytest.raises(EndpointError, match=r"the broker closed the connection$") as caught:
            await endpoint(url).run(SessionLog(said_goodbye=False))
    assert caught.value.cut


async def test_one_that_cuts_again_and_again_politely_or_not_is_told_in_the_same_words() -> None:
    told: list[str] = []
    memory: dict[str, Any] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_packet(reader)
        writer.write(WELCOME)
        await read_packet(reader)
        resets = struct.pack("ii", len(told) % 2, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, resets)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        for _ in range(5):
            cloud = endpoint(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", memory=memory)
            with pytest.raises(EndpointError) as caught:  # noqa: PT012 -- as above
                async with connected(cloud, said_goodbye=False) as session:
                    cloud.publish(message(1))
                    await session.ended_early()
            told.append(str(caught.value))
    assert told[:2] == ["the broker closed the connection"] * 2
    assert len(set(told[2:])) == 1, "the same each time, so that it is logged once"
    assert "several times in a row, each soon after login" in told[2]


async def test_a_publish_that_is_never_acknowledged_ends_the_connection() -> None:
    async with broker(WELCOME) as url:
        cloud = endpoint(url, ack_timeout="40ms")
        with pytest.raises(EndpointError, match="no acknowledgement"):  # noqa: PT012 -- as above
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1))
                await session.ended_early()


@pytest.mark.parametrize(
    ("greeting", "answer"),
    [(b"\x20\x03\x00\x9a\x00", b""), (WELCOME, b"\xe0\x02\x9a\x00")],
    ids=["login", "end"],
)
async def test_where_a_broker_keeps_no_states_nothing_is_sent_to_be_kept(greeting: bytes, answer: bytes) -> None:
    async with broker(greeting, answer) as url:
        cloud = endpoint(url)
        with suppress(EndpointError):
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1))
                await session.acked(1)
    assert cloud._login(cloud._config.addresses[0]).retain is False, "neither the will nor a state asks for it again"


@pytest.mark.parametrize("size", [1, 300, 560])
async def test_a_broker_that_takes_hardly_a_message_gets_none(size: int) -> None:
    async with broker(b"\x20\x08\x00\x00\x05\x27" + size.to_bytes(4)) as url:
        session = SessionLog(said_goodbye=False)
        with pytest.raises(EndpointError, match=f"takes packets of {size} bytes at most, .* let it take larger ones"):
            await endpoint(url).run(session)
    assert session.window == 0, "else all that waits would be set aside as too large"


async def test_a_broker_whose_aliases_are_broken_gets_none_the_next_time() -> None:
    async with broker(b"\x20\x06\x00\x00\x03\x22\x00\x0a", b"\xe0\x02\x94\x00") as url:
        cloud = endpoint(url)
        assert cloud._login(cloud._config.addresses[0]).aliases is True
        with pytest.raises(EndpointError, match=r"Topic alias invalid .this broker gets none from now on"):  # noqa: PT012 -- as above
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1))
                await session.ended_early()
    assert cloud._login(cloud._config.addresses[0]).aliases is False
