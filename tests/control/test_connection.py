"""Clients that hang, and those that would rather do harm. None of it costs anybody else."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from gateway.control import connection, server
from gateway.control.asking import MAX_BODY_BYTES
from tests.control.setup import Api, Client, served
from tests.outbox.setup import until

STATUS = b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/devices/boiler/write HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"values":{"pump":true}}'


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of moments."""
    monkeypatch.setattr(connection, "REQUEST_S", 0.2)
    monkeypatch.setattr(connection, "LINGER_S", 0.2)
    monkeypatch.setattr(server, "IDLE_S", 0)


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize(
    "data",
    [
        b"GET /v1/st",
        b"GET /v1/status HTTP/1.1\r\nHost: x\r\n",
        POST + b"Content-Length: 24\r\n\r\n",
        POST + b"Content-Length: 24\r\n\r\n" + BODY[:10],
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        POST + b"Content-Length: 24\r\nExpect: 100-continue\r\n\r\n",
        b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab",
    ],
)
@pytest.mark.usefixtures("hasty")
async def test_a_request_that_does_not_come_to_its_end_is_given_up(api: Api, data: bytes) -> None:
    answer = await api.exchange(data)

    assert code_of(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == (408, "too-slow")
    assert api.house.commands == []


@pytest.mark.usefixtures("hasty")
async def test_a_request_that_comes_byte_by_byte_is_given_up_all_the_same(api: Api) -> None:
    reader, writer = await api.raw()
    answer = asyncio.ensure_future(reader.read())
    for byte in POST + b"Content-Length: 24\r\n\r\n" + BODY[:-1]:
        if answer.done():
            break
        writer.write(bytes([byte]))
        await asyncio.wait([answer], timeout=0.005)
    async with asyncio.timeout(20):
        assert code_of(await answer) == (408, "too-slow")
    writer.close()


@pytest.mark.usefixtures("hasty")
async def test_who_connects_and_says_nothing_is_let_go(api: Api) -> None:
    assert await api.exchange(b"") == b""


async def test_who_says_nothing_more_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0)
    async with served(tmp_path) as api:
        assert (await api.exchange(STATUS)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("hasty")
async def test_a_stream_is_not_bound_to_the_time_for_requests(api: Api) -> None:
    async with api.stream("/v1/frames") as lines:
        await api.exchange(b"")  # another one's time has run out meanwhile
        api.house.taps["plc"][0]("tx", b"\x01")
        assert (await lines.next())["data"] == "01"


async def test_a_command_may_take_longer_than_a_request(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REQUEST_S", 0.2)
    api.house.hangs = True
    reader, writer = await api.raw()
    writer.write(POST + b"Content-Length: 24\r\n\r\n" + BODY)
    await until(lambda: api.house.commands)

    await api.exchange(b"")
    assert not api.house.abandoned.is_set()
    assert not reader.at_eof()
    writer.close()
    await until(api.house.abandoned.is_set)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
        b"GARBAGE\r\n\r\n",
        b"GET /v1/status\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\n\r\n",
        b"GET /v1/\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
        b"GET /" + b"x" * 100_000,
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        POST + b"Content-Length: 999999999999999999999999\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nnot a number\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
    ],
)
async def test_garbage_is_answered_and_the_connection_ended(
    api: Api, data: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "LINGER_S", 0.2)
    status, _ = code_of(await api.exchange(data))

    assert status in (400, 413, 501)
    assert (await api.ask("GET", "/v1/status")).status == 200
    assert caplog.text == ""


async def test_garbage_behind_a_request_costs_that_one_nothing(api: Api) -> None:
    answer = await api.exchange(STATUS + b"GARBAGE\r\n\r\n")

    first, _, second = answer.partition(b"HTTP/1.1 400 ")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert b"malformed" in second


async def test_requests_sent_at_once_are_answered_in_order(api: Api) -> None:
    asked = b"".join(b"GET /v1/devices/d%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(100))

    answer = await api.exchange(asked + b"GARBAGE\r\n\r\n")

    assert [f"no device 'd{n}'".encode() in part for n, part in enumerate(answer.split(b"HTTP/1.1 404")[1:])] == [
        True
    ] * 100


async def test_a_connection_serves_many_requests(api: Api) -> None:
    def ask() -> int:
        client = Client(api.path)
        for _ in range(50):
            client.request("POST", "/v1/devices/boiler/write", BODY, {"content-type": "application/json"})
            assert client.getresponse().read()
            client.request("GET", "/v1/devices/nobody")
            assert client.getresponse().read()
        client.close()
        return len(api.house.commands)

    assert await asyncio.to_thread(ask) == 50


async def test_a_body_without_end_is_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_S", 0.2)

    def send() -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            client.connect(str(api.path))
            client.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            with suppress(ConnectionError):
                while True:
                    client.sendall(b"%x\r\n%b\r\n" % (MAX_BODY_BYTES, b" " * MAX_BODY_BYTES))
            return client.recv(1_000_000)

    assert code_of(await asyncio.to_thread(send)) == (413, "too-large")


async def test_a_stream_asked_for_with_a_body_is_refused(api: Api) -> None:
    asked = b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"

    answer = await api.exchange(asked + b"GARBAGE\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_no_one_waits_behind_a_client_that_hangs(api: Api) -> None:
    async with hanging(api, 40, b"GET /v1/st"):
        begun_s = time.monotonic()
        assert (await api.ask("GET", "/v1/status")).status == 200
        assert time.monotonic() - begun_s < connection.REQUEST_S


async def test_when_all_places_are_taken_the_longest_silent_gives_way(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 3)
    async with hanging(api, 3, b"") as clients, asyncio.timeout(10):
        assert (await api.ask("GET", "/v1/status")).status == 200
        assert await clients[0][0].read() == b""
        assert not clients[1][0].at_eof()


async def test_a_flood_of_connections_is_held_to_its_bound_and_others_get_in(api: Api) -> None:
    async with hanging(api, 4 * connection.MAX_CONNECTIONS, b"GET /v1/st") as clients:
        for _ in range(10):
            assert (await api.ask("GET", "/v1/status")).status == 200
        await until(lambda: 0 < held(clients) < connection.MAX_CONNECTIONS)


async def test_when_all_places_are_at_work_a_newcomer_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 2)
    async with api.stream("/v1/frames"), api.stream("/v1/samples"):
        assert code_of(await api.exchange(b"")) == (503, "busy")

    await until(lambda: not api.house.latest._watches)
    assert (await api.ask("GET", "/v1/status")).status == 200


async def test_a_client_that_takes_no_answers_is_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALL_S", 0.2)
    _, writer = await api.raw()
    asked = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with suppress(ConnectionError):
        while True:
            writer.write(asked * 10)
            await writer.drain()
            await asyncio.sleep(0)
    writer.close()


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
async def test_another_protocol_is_not_spoken(api: Api, upgrade: bytes) -> None:
    asked = STATUS[:-2] + b"Connection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"

    assert (await api.exchange(asked + b"GARBAGE\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


def held(clients: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> int:
    """How many have not been let go."""
    return sum(not reader.at_eof() and reader.exception() is None for reader, _ in clients)


@asynccontextmanager
async def hanging(
    api: Api, count: int, data: bytes
) -> AsyncIterator[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    """Clients that send this and no more."""
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(count):
            reader, writer = await api.raw()
            stack.callback(writer.close)
            writer.write(data)
            clients.append((reader, writer))
        yield clients
