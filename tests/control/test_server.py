"""The API's beginning and end."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from gateway.control import server
from gateway.control.place import ControlError
from gateway.control.server import serving
from tests.control.setup import Api, House, served
from tests.outbox.setup import until

WRITE = b"POST /v1/gateway/ping HTTP/1.1\r\nHost: x\r\n\r\n"
SOON_S = 5.0


async def test_at_the_end_streams_end_properly_and_the_socket_is_gone(tmp_path: Path) -> None:
    async with served(tmp_path) as api, asyncio.timeout(SOON_S):
        samples, frames = api.stream("/v1/samples"), api.stream("/v1/frames")
        both = [await stream.__aenter__() for stream in (samples, frames)]

    for lines in both:
        assert await lines.ended()
    for stream in (samples, frames):
        await stream.__aexit__(None, None, None)
    assert not api.path.exists()
    assert not api.house.taps["plc"]


async def test_at_the_end_an_open_request_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        api.house.hangs = True
        reader, writer = await api.raw()
        writer.write(WRITE)
        await until(lambda: api.house.commands)

    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"stopping" in body
    assert api.house.abandoned.is_set()


async def test_the_end_waits_for_no_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "END_S", 0.1)
    async with served(tmp_path) as api:
        clients = []
        for asked in (b"", b"GET /v1/st", WRITE[:-2] + b"Content-Length: 9\r\n\r\n{"):
            clients.append(await api.raw())
            clients[-1][1].write(asked)
        full, deaf = await api.raw()
        clients.append((full, deaf))
        deaf.write(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        assert (await api.ask("GET", "/v1/status")).status == 200
        begun_s = time.monotonic()

    assert time.monotonic() - begun_s < SOON_S
    for _, writer in clients:
        writer.close()


async def test_it_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    house, path, up = House(), tmp_path / "control.sock", asyncio.Event()

    async def run() -> None:
        async with serving(house, path):
            up.set()
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(run())
    await up.wait()
    async with Api(house, path).stream("/v1/samples") as lines, asyncio.timeout(SOON_S):
        task.cancel()
        assert await lines.ended()
        await asyncio.wait([task])

    assert task.cancelled()
    assert not path.exists()


async def test_it_begins_again_where_it_has_ended(tmp_path: Path) -> None:
    for _ in range(3):
        async with served(tmp_path) as api:
            assert (await api.ask("GET", "/v1/status")).status == 200


async def test_where_it_cannot_be_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()

    with pytest.raises(ControlError, match="no socket"):
        async with served(tmp_path):
            pass


async def test_while_nobody_asks_nothing_is_done(tmp_path: Path) -> None:
    """What would wake the loop stands in its own list, which gets empty as soon as the client has gone."""
    async with served(tmp_path) as api:
        assert (await api.ask("GET", "/v1/status")).status == 200
        while waiting():  # noqa: ASYNC110 -- the loop itself brings it about
            await asyncio.sleep(0)


def waiting() -> list[object]:
    """What the loop has still to do at some time."""
    loop = asyncio.get_running_loop()
    return [timer for timer in loop._scheduled if not timer._cancelled and "pytest" not in repr(timer)]  # type: ignore[attr-defined]


async def test_a_large_site_is_told_without_keeping_the_loop(api: Api) -> None:
    one = api.house.devices["boiler"]
    api.house.devices = {f"d{number}": one for number in range(300)}
    turns = 0
    asked = asyncio.create_task(api.ask("GET", "/v1/devices"))
    while not asked.done():
        turns += 1
        await asyncio.sleep(0)

    assert len(json.dumps((await asked).body)) > 100_000
    assert turns > len(api.house.devices)
