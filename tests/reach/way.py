"""Dialling, and far ends to dial."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.reach import Wire, dial
from tests.support.patience import HANG_S
from tests.support.sockets import closed_down_to, open_sockets

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


class Owner:
    """Whom a wire tells what happens."""

    def __init__(self) -> None:
        self.lost: list[Exception | None] = []
        self._news = asyncio.Event()

    def on_data(self) -> None:
        self._news.set()

    def on_lost(self, error: Exception | None) -> None:
        self.lost.append(error)
        self._news.set()

    async def until(self, so: Callable[[], object]) -> None:
        async with asyncio.timeout(HANG_S):
            while not so():
                self._news.clear()
                await self._news.wait()


def config_of(url: str, **settings: Any) -> MqttConfig:
    return MqttConfig.model_validate({"type": "mqtt", "url": url, "connect_timeout": "30s", **settings})


async def dialled(url: str, owner: Owner | None = None, **settings: Any) -> Wire:
    config = config_of(url, **settings)
    told = owner or Owner()
    return await dial(config.addresses[0], config, told.on_data, told.on_lost)


@asynccontextmanager
async def connected(url: str, owner: Owner | None = None, **settings: Any) -> AsyncIterator[Wire]:
    wire = await dialled(url, owner, **settings)
    try:
        yield wire
    finally:
        wire.abort()
        await wire.closed.wait()


async def why_not(url: str, **settings: Any) -> str:
    """Why it can't be reached."""
    with pytest.raises(EndpointError) as caught:
        await dialled(url, **settings)
    return str(caught.value)


@asynccontextmanager
async def listening(talk: Talk, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that serves each connection with `talk` and closes it then; its port."""
    serving: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving[task] = writer
        try:
            await talk(reader, writer)
        except (OSError, EOFError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.gather(*serving)


def says(answer: bytes, after: bytes = b"") -> Talk:
    """Waits for the end of what is asked, then says this and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if after:
            await reader.readuntil(after)
        writer.write(answer)
        await writer.drain()

    return talk


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def cancelled_at_every_moment(url: str, **settings: Any) -> None:
    """Dial again and again, cancelled one step later each time until it gets through; nothing stays open."""
    sockets, steps, is_through = open_sockets(), 0, False
    while not is_through:
        task = asyncio.create_task(dialled(url, **settings))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            (await task).abort()
            is_through = True
        steps += 1
    assert steps > 5
    await closed_down_to(sockets)
