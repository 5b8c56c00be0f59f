"""What adapters share that serve devices in the place of real ones: where, and a line that is always plugged in."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, NamedTuple, Self, TypeVar

from pydantic import Field, ValidationError
from typing_extensions import override

from gateway.adapter import Rejected, Simulation, StrictModel
from gateway.ports.pseudo import PseudoTerminal, place_for

LOOPBACK = "127.0.0.1"
EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""Where to listen for everybody, but nobody can be reached."""
TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL})
"""Why a port can't be had: somebody has it, it is below 1024, or the address is another machine's."""

ServerT = TypeVar("ServerT")


class ServingOptions(StrictModel):
    """How to serve a link's devices."""

    host: Annotated[str, Field(min_length=1)] | None = None
    """Where to listen, for what is served over a network."""
    tcp: Annotated[int, Field(ge=0, le=65535)] | None = None
    """The port; 0 for any that is free. A serial line's devices are then served over TCP."""
    pty: str | None = None
    """Where to put a link to the pseudo terminal; "" for anywhere. What has no serial line is then served on one."""
    elsewhere: bool = False
    """Whether to take any free port where the wanted one is taken or needs a privilege."""
    moving: bool = False
    """Whether values move by themselves, and begin with good ones."""

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Self:
        """Raises Rejected."""
        try:
            options = cls.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise Rejected("malformed", f"options of a simulation: {where}: {first['msg']}") from None
        if options.pty is not None and (options.tcp is not None or options.host is not None):
            raise Rejected("malformed", "devices are served over a network or a pseudo terminal, not both")
        return options


class At(NamedTuple):
    """Where it is served; `port` or `path`."""

    host: str = ""
    port: int = 0
    path: str = ""


class Served(Simulation):
    """At a place."""

    def __init__(self, at: At) -> None:
        self._at = at

    @property
    def port(self) -> int:
        """Where it listens; of use when the port was 0."""
        return self._at.port

    @property
    def path(self) -> str:
        """The pseudo terminal."""
        return self._at.path


class Connections:
    """To what is served."""

    def __init__(self) -> None:
        self.open: set[asyncio.Transport] = set()
        self.closed = False

    def close(self) -> None:
        """End every one, for good."""
        self.closed = True
        for transport in tuple(self.open):
            transport.abort()


async def listening(listen: Callable[[int], Awaitable[ServerT]], port: int, *, elsewhere: bool) -> ServerT:
    """What `listen` opens at this port or, with `elsewhere`, at any where it can't be had. Raises OSError."""
    try:
        return await listen(port)
    except OSError as error:
        if not elsewhere or error.errno not in TAKEN:
            raise
        return await listen(0)


@asynccontextmanager
async def on_a_line(connections: Connections, wanted: str, make: Callable[[], asyncio.Protocol]) -> AsyncIterator[At]:
    """Serve at a pseudo terminal, its name `wanted` or "" for any, as long as the context lasts. Raises Rejected."""
    path = place_for(wanted)
    loop = asyncio.get_running_loop()

    def plug() -> None:
        PseudoTerminal(loop, _Plugged(make(), connections, plug), path)

    plug()
    try:
        yield At(path=str(path))
    finally:
        connections.close()
        if not wanted:
            path.parent.rmdir()


class _Plugged(asyncio.Protocol):
    """What is said over a pseudo terminal; one that was hung up is plugged in again at once, under the same name."""

    def __init__(self, protocol: asyncio.Protocol, connections: Connections, plug: Callable[[], None]) -> None:
        self._protocol = protocol
        self._connections = connections
        self._plug = plug

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._protocol.connection_made(transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
        if not self._connections.closed:
            self._plug()
