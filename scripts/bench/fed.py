"""The gateway with a radio that hears what comes over a socket, past BlueZ, D-Bus and bleak.

`bus` of the link is the socket: `unix:path=...`; who writes to it is in `outlets`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple, Self

import msgspec

from adapters.ble import session
from adapters.ble.advert import Advert
from adapters.ble.air.inbox import Inbox
from adapters.ble.config import BleDevice, BleLink
from gateway.cli import main
from scripts.bench.outlets import HEAD


class Awake(NamedTuple):
    """In the place of its scanner."""

    deaf_s: float = 0.0


class FedRadio:
    """In the place of `air.radio.Radio`, as far as a session needs it for what advertises."""

    def __init__(self, link: BleLink, hear: Callable[[Advert], None]) -> None:
        self.link = link
        self.scanner = Awake()
        self.connections = link.connections
        self._inbox = Inbox(hear, self.lose)
        self._decode = msgspec.msgpack.Decoder(list[Advert]).decode
        self._lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    @classmethod
    async def opened(cls, link: BleLink, _devices: Iterable[BleDevice], hear: Callable[[Advert], None]) -> Self:
        """Without trying anything."""
        return cls(link, hear)

    @property
    def counters(self) -> Mapping[str, int]:
        """As a radio has them."""
        return {"heard": self._inbox.heard, "overflowed": self._inbox.overflowed}

    async def serve(self, _others: Mapping[str, Coroutine[Any, Any, None]]) -> None:
        """Take what comes until that ends."""
        reader, writer = await asyncio.open_unix_connection((self.link.bus or "").removeprefix("unix:path="))
        try:
            while not self._lost.done():
                (size,) = HEAD.unpack(await reader.readexactly(HEAD.size))
                for advert in self._decode(await reader.readexactly(size)):
                    self._inbox.put(advert)
                await asyncio.sleep(0)  # what comes faster than it is taken waits in the socket
        finally:
            writer.close()
        raise self._lost.result()

    def lose(self, error: Exception) -> None:
        """There is a defect."""
        if not self._lost.done():
            self._lost.set_result(error)

    async def close(self) -> None:
        """Nothing is taken any more."""
        self._inbox.close()


if __name__ == "__main__":
    setattr(session, "Radio", FedRadio)  # noqa: B010  # which it takes by this name
    main()
