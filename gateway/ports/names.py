"""Names of hosts, looked up so that a name server which is silent keeps nobody waiting but who asked."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading

SCOPED = 4
"""Parts of an IPv6 address as the system has it; the last says at which interface it is (ipv6(7))."""


async def addresses_of(host: str) -> list[str]:
    """Of a name all it has, of an address itself. Raises OSError, UnicodeError.

    Each on a thread of its own, which ends when the resolver does and which nobody waits for at the end: the loop's
    threads are few, and a lookup in vain takes ten seconds and more.
    """
    if _is_address(host):
        return [host]
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def tell(outcome: list[str] | Exception) -> None:
        if found.done():  # nobody waits any more
            return
        if isinstance(outcome, Exception):
            found.set_exception(outcome)
        else:
            found.set_result(outcome)

    def look() -> None:
        outcome: list[str] | Exception
        try:
            outcome = [_written(place) for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            outcome = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, outcome)

    threading.Thread(target=look, name=f"name {host}", daemon=True).start()
    return await found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _written(place: tuple[str | int, ...] | tuple[int, bytes]) -> str:
    is_scoped = len(place) == SCOPED and place[-1]
    return f"{place[0]!s}%{place[-1]!s}" if is_scoped else str(place[0])
