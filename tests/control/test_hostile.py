"""Bytes that nobody would send."""

import asyncio
import random

import pytest

from gateway.control import connection
from tests.control.setup import Api

REQUESTS = [
    b"GET /v1/devices/boiler?x=%41 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    b'POST /v1/devices/boiler/write HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\n{"values":{"pump":true}}',
    b"POST /v1/gateway/ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"GET /v1/samples?device=boiler HTTP/1.0\r\n\r\n",
    b"GET /v1/audit?limit=5 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
]


def mutated(seed: int) -> bytes:
    """Some requests behind each other, with some damage."""
    rng = random.Random(seed)
    data = bytearray(b"".join(rng.choices(REQUESTS, k=rng.randint(1, 4))))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 40)]
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 20))
            case _:
                data[at:at] = rng.choice([b"\r\n", b"\r\n\r\n", b"\0", b"0\r\n", b": ", b" HTTP/1.1\r\n"])
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("seed", range(8))
async def test_damaged_requests_leave_no_trace(
    api: Api, seed: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "REQUEST_S", 0.05)
    monkeypatch.setattr(connection, "LINGER_S", 0.05)
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context))
    async with asyncio.TaskGroup() as tasks:
        for number in range(40):
            tasks.create_task(send(api, mutated(seed * 1_000 + number)))

    assert (await api.ask("GET", "/v1/status")).status == 200
    assert caplog.text == ""
    assert raised == []


async def send(api: Api, data: bytes) -> None:
    """And go, after a moment."""
    reader, writer = await api.raw()
    try:
        writer.write(data)
        async with asyncio.timeout(0.2):
            await reader.read()
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
