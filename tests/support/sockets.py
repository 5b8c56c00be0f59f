"""Sockets of this process, and ports that answer nobody."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import HANG_S


def open_sockets() -> int:
    """Of this process; threads and pipes come and go with the tests' own helpers."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += entry.readlink().name.startswith("socket:")
        except FileNotFoundError:
            continue
    return found


async def closed_down_to(sockets: int) -> None:
    """Wait until no more than so many are open; those of a test's servers close a little later."""
    async with asyncio.timeout(HANG_S):
        while open_sockets() > sockets:  # noqa: ASYNC110 -- nobody tells when a descriptor is closed
            await asyncio.sleep(0.005)


@contextmanager
def black_hole() -> Iterator[int]:
    """A port whose full queue swallows the next connection, as a firewall that drops packets does."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]
