"""From where a port is, and its settings, to an open one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.ports.local import open_local
from gateway.ports.place import kind_of
from gateway.ports.port import Port
from gateway.ports.remote import open_rfc2217, open_tcp
from gateway.ports.settings import SerialSettings

__all__ = ["Port", "connect"]


async def connect(
    port: str, settings: SerialSettings, connect_timeout_s: float, make: Callable[[], asyncio.Protocol]
) -> Port:
    """An open port whose protocol is what `make` makes, told of it and of its end once; we alone have it.

    Raises AdapterError, with what to do, and whatever `make` raises; nothing stays open then.
    """
    kind = kind_of(port)
    if kind == "tcp":
        return await open_tcp(port, connect_timeout_s, make)
    if kind == "rfc2217":
        return await open_rfc2217(port, settings, connect_timeout_s, make)
    return await open_local(port, settings, make)
