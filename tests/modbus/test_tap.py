"""Frames as they go over the wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.adapter import AdapterError
from gateway.model import Command, ResultStatus
from tests.modbus.faulty import FaultyServer, faulty_server
from tests.modbus.setup import adapter_to, device, registers
from tests.support.emitted import running, untold

REQUEST = bytes.fromhex("0000 0006 01 03 0007 0001")
REPLY = bytes.fromhex("0000 0005 01 03 02 0007")


class Frames(list[tuple[str, bytes]]):
    def __call__(self, direction: str, data: bytes) -> None:
        self.append((direction, data))

    def all(self, direction: str) -> bytes:
        return b"".join(data for way, data in self if way == direction)


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with faulty_server() as faulty:
        yield faulty


async def test_requests_and_replies_are_shown_whole_from_the_first_on(server: FaultyServer) -> None:
    adapter, frames = adapter_to(server.port, {"d": registers(7)}), Frames()
    adapter.tap(frames)
    async with running(adapter) as emitted:
        await emitted.sample("d", 2)
    first, second = (query.tid.to_bytes(2, "big") for query in server.queries[:2])
    assert frames[:4] == [
        ("tx", first + REQUEST),
        ("rx", first + REPLY),
        ("tx", second + REQUEST),
        ("rx", second + REPLY),
    ]


async def test_what_arrives_is_shown_as_it_arrives(server: FaultyServer) -> None:
    server.piecewise = True
    adapter, frames = adapter_to(server.port, {"d": registers(7, 200)}), Frames()
    async with running(adapter) as emitted:
        await emitted.sample("d")
        before = len(server.queries)
        adapter.tap(frames)
        await emitted.sample("d", 2)
    replies = frames.all("rx")
    expected = b"".join(query.good() for query in server.queries[before:])
    assert replies
    assert expected.startswith(replies)


async def test_what_makes_no_sense_is_shown_too(server: FaultyServer) -> None:
    server.react = lambda _query: b"HTTP/1.1 400 Bad Request\r\n\r\n"
    adapter, frames = adapter_to(server.port, {"d": registers(7)}), Frames()
    adapter.tap(frames)
    with pytest.raises(AdapterError, match="not Modbus"):
        async with asyncio.timeout(5), running(adapter) as emitted:
            await emitted.until(lambda: False)
    assert frames.all("rx").startswith(b"HTTP/1.1")


async def test_a_tap_that_is_taken_off_sees_no_more(server: FaultyServer) -> None:
    adapter, frames = adapter_to(server.port, {"d": registers(7)}), Frames()
    adapter.tap(frames)
    async with running(adapter) as emitted:
        await emitted.sample("d")
        adapter.tap(None)
        seen = len(frames)
        await emitted.sample("d", 3)
        assert len(frames) == seen


async def test_a_tap_that_fails_is_taken_off_and_told_of_and_harms_nobody(server: FaultyServer) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    calls = []

    def fails(direction: str, data: bytes) -> None:
        calls.append(direction)
        raise LookupError("a bug in what looks on")

    adapter = adapter_to(server.port, {"d": device({"pump": {"address": 8, "writable": True}})})
    async with running(adapter) as emitted:
        await emitted.sample("d")
        adapter.tap(fails)
        deadline_s = asyncio.get_running_loop().time() + 5
        command = Command("c", "d", deadline_s, write={"pump": 1})
        assert (await adapter.execute(command, untold)).status is ResultStatus.DONE
        await emitted.sample("d", 3)
    assert len(calls) == len(told) == 1
    assert isinstance(told[0]["exception"], LookupError)
    assert server.connections == 1
