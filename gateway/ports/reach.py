"""Somebody in a network: their name looked up, their addresses tried, and in a sentence why nobody was reached."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.adapter import AdapterError
from gateway.ports.names import addresses_of
from gateway.units import format_duration

HOST_HINT = "is it on, is the address right, do both have a network in common? `ping` it"
NAME_HINT = "the name is not known here: is it spelt right, can this machine ask a name server? Or write the IP address"
SILENT_NAMES_HINT = (
    "no name server answers that knows the name: is there one that can be reached? Or write the IP address"
)

AWAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})
"""No way leads there, or nobody is at its end."""

KEEPALIVE = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 25_000,
}
"""Seconds, tries, and milliseconds for what is sent (tcp(7)): a machine that is gone shows within half a minute."""

OpenT = TypeVar("OpenT")


@dataclass(frozen=True)
class Hints:
    """What to do besides, where somebody refuses, is silent, or hangs up at once."""

    refused: str
    silent: str = HOST_HINT
    broken: str = ""


async def reach(
    peer: str, host: str, timeout_s: float, hints: Hints, attempt: Callable[[str], Awaitable[OpenT]]
) -> OpenT:
    """What `attempt` opens, at the first address of `host` that takes it.

    Raises AdapterError, with what to do, and ssl.SSLError.
    """
    try:
        addresses = await _addresses(peer, host, timeout_s)
        async with asyncio.timeout(timeout_s):
            return await _first(addresses, attempt)
    except ssl.SSLError:
        raise
    except TimeoutError:
        within = format_duration(timeout_s)
        raise AdapterError(f"{peer} does not accept a connection within {within}: {hints.silent}") from None
    except ConnectionRefusedError:
        raise AdapterError(f"{peer} refuses the connection: {hints.refused}") from None
    except ConnectionError as error:
        why = f": {error.strerror or error}" if str(error) else ""
        raise AdapterError(f"no connection to {peer}{why}{hints.broken and ': '}{hints.broken}") from None
    except (socket.gaierror, UnicodeError):  # the second, where it can't even be written as a name
        raise AdapterError(f"no connection to {peer}: {NAME_HINT}") from None
    except OSError as error:
        hint = f": {HOST_HINT}" if error.errno in AWAY else ""
        raise AdapterError(f"no connection to {peer}: {error.strerror or error}{hint}") from None


async def _addresses(peer: str, host: str, timeout_s: float) -> list[str]:
    """As long as nobody needs more time to say them than to take a connection."""
    try:
        async with asyncio.timeout(timeout_s):
            return await addresses_of(host)
    except TimeoutError:
        raise AdapterError(f"no connection to {peer}: {SILENT_NAMES_HINT}") from None


async def _first(addresses: list[str], attempt: Callable[[str], Awaitable[OpenT]]) -> OpenT:
    for address in addresses[:-1]:
        with contextlib.suppress(OSError):
            return await attempt(address)
    return await attempt(addresses[-1])


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Have the kernel ask a silent far end whether it is still there."""
    peer: socket.socket = transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        peer.setsockopt(socket.IPPROTO_TCP, option, value)
