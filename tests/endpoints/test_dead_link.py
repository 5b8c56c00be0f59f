"""A broker that is gone without a word: how soon its end is known."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from gateway.endpoints.contract import EndpointError, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.config import MqttConfig
from tests.support.mosquitto import Mosquitto
from tests.support.session import SessionLog, connected

WELCOME = b"\x20\x03\x00\x00\x00"
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"


def server_keep_alive(seconds: int) -> bytes:
    """A CONNACK that wants another interval (MQTT 5, 3.2.2.3.14)."""
    return b"\x20\x06\x00\x00\x03\x13" + seconds.to_bytes(2, "big")


Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def peer(greeting: bytes, behave: Behave) -> AsyncIterator[str]:
    """A broker that greets, and then behaves like this; its address."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1)
            writer.write(greeting)
            await behave(reader, writer)
            await over.wait()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        over.set()


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(1000)


async def run(url: str, **more: Any) -> float:
    """How long a connection lasted on which the broker stopped to answer."""
    config = MqttConfig.model_validate({"type": "mqtt", "url": url, "commands": False, **more})
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    with pytest.raises(EndpointError, match=r"silent: no answer .* \(keepalive\)"):
        await MqttEndpoint(config, Identity("gw", "cloud", ()), {}).run(SessionLog(said_goodbye=False))
    return loop.time() - begun_s


BOUND_S = 1.9
"""For a keep-alive of 1 s: 1.25 s, and what a busy machine adds. paho by itself takes 2 s and more."""


async def test_an_idle_connection_to_a_silent_broker_ends_soon_after_one_interval() -> None:
    async with peer(WELCOME, say_nothing) as url:
        assert 1.0 <= await run(url, keepalive="1s") < BOUND_S


@pytest.mark.parametrize("wanted_s", [1, 0, 600], ids=["less than ours", "none at all", "more than ours"])
async def test_a_server_that_wants_another_interval_does_not_put_it_off(wanted_s: int) -> None:
    async with peer(server_keep_alive(wanted_s), say_nothing) as url:
        assert await run(url, keepalive="30s" if wanted_s == 1 else "1s") < BOUND_S


async def test_a_broker_that_answers_is_asked_twice_in_each_interval_and_kept() -> None:
    asked: list[float] = []
    enough = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = b""
        while len(asked) < 4 and (data := await reader.read(100)):
            heard += data
            if heard.endswith(PINGREQ):
                asked.append(asyncio.get_running_loop().time())
                writer.write(PINGRESP)
        enough.set()

    async with peer(WELCOME, answer) as url:
        config = MqttConfig.model_validate({"type": "mqtt", "url": url, "commands": False, "keepalive": "1s"})
        async with connected(MqttEndpoint(config, Identity("gw", "cloud", ()), {}), said_goodbye=False) as session:
            async with asyncio.timeout(10):
                await enough.wait()
            assert not session.over
    assert all(later - earlier >= 0.4 for earlier, later in pairwise(asked))


@pytest.mark.parametrize(("written", "milliseconds"), [("15s", 15_000), ("2min", 120_000), ("1ms", 1), ("1.5ms", 2)])
async def test_the_kernel_is_told_for_how_long_sent_bytes_may_stay_unconfirmed(
    mosquitto: Mosquitto, written: str, milliseconds: int
) -> None:
    config = MqttConfig.model_validate({"type": "mqtt", "url": mosquitto.url, "tcp_user_timeout": written})
    cloud = MqttEndpoint(config, Identity("gw", "cloud", ()), {})
    async with connected(cloud):
        transport = cloud._connection._client.wire._transport
        assert transport is not None
        sock = transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == milliseconds
