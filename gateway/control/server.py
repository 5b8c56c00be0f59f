"""The API at work: uvicorn's HTTP on our own socket, without the tick of its server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.control.connection import IDLE_S, Connection
from gateway.control.house import House
from gateway.control.place import BACKLOG, take
from gateway.control.routes import application

END_S = 0.5
"""How long a stop waits for answers under way to reach those who read them."""

log = structlog.get_logger("fieldgate.control")


@asynccontextmanager
async def serving(house: House, path: Path, group: str | None = None) -> AsyncIterator[None]:
    """Serve the API at `path` for the members of `group` (None: our own); raises ControlError.

    At its end, which takes up to `END_S`, every stream ends and every open request is answered that the gateway stops.
    """
    config = _config(house)
    state, loop = ServerState(), asyncio.get_running_loop()
    place = await asyncio.to_thread(take, path, group)
    try:
        server = await loop.create_unix_server(
            lambda: Connection(config, state, loop), sock=place.listener, backlog=BACKLOG
        )
        log.info("listening", socket=str(path), group=group)
        try:
            yield
        finally:
            server.close()
            await _end(state)
    finally:
        place.leave()


def _config(house: House) -> Config:
    """Nothing of its own: no log, no signals, no look at the environment, no headers that tell what it is."""
    config = Config(
        application(house),
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        workers=1,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=IDLE_S,
    )
    config.load()
    return config


async def _end(state: ServerState) -> None:
    connections = [one for one in state.connections if isinstance(one, Connection)]
    for connection in connections:
        connection.end()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=END_S)
    for connection in connections:
        connection.transport.abort()
    await asyncio.sleep(0)  # for the transports to let go
