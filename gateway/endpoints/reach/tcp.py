"""TCP to a host by name or address: all of its addresses, one a little after the other (RFC 8305)."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from gateway.ports.names import addresses_of

NEXT_ADDRESS_S = 0.25
"""How long an address may be silent before the next one is tried beside it (RFC 8305, 8)."""

MAX_ADDRESSES = 16
"""Of one name; large services have about eight of each family."""


class Target(NamedTuple):
    """An address as the socket module wants it."""

    family: int
    sockaddr: Any

    def __str__(self) -> str:
        return str(self.sockaddr[0])


async def connect_tcp(host: str, port: int, doing: Callable[[str], None]) -> socket.socket:
    """A non-blocking socket that is connected; `doing` hears what is waited for. Raises OSError with a sentence."""
    targets = _numeric(host, port)
    if not targets:
        doing(f"no name server has said where {host} is: is the network up, can this machine ask one?")
        targets = await _resolve(host, port)
    doing("connecting")
    if len(targets) == 1:
        try:
            return await _attempt(targets[0])
        except OSError as error:
            raise OSError(_why(error)) from error
    return await _first_of(targets)


def _numeric(host: str, port: int) -> list[Target]:
    """Of what is an address already; of a name none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [Target(family, sockaddr) for family, _, _, _, sockaddr in found]


async def _resolve(host: str, port: int) -> list[Target]:
    """The addresses of a name, IPv6 and IPv4 in turn; on none of the loop's few threads, which disks need too."""
    try:
        found = await addresses_of(host)
    except UnicodeError:
        raise OSError(f"{host} can't be a host's name") from None
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise OSError(f"the name {host} can't be looked up: no name server answers; is the network up?") from None
        raise OSError(f"nobody knows the name {host} ({error.strerror}): check its spelling and the DNS") from None
    targets = [target for address in found for target in _numeric(address, port)]
    if not targets:
        raise OSError(f"{host} is no address that this machine can reach")
    return _in_turn(targets)


def _in_turn(targets: Sequence[Target]) -> list[Target]:
    """Families in turn, each in the order of the system's preference (RFC 8305, 4)."""
    first = [target for target in targets if target.family == targets[0].family]
    others = [target for target in targets if target.family != targets[0].family]
    mixed = chain.from_iterable(zip_longest(first, others))
    return [target for target in mixed if target is not None][:MAX_ADDRESSES]


async def _first_of(targets: Sequence[Target]) -> socket.socket:
    """The first that connects; whatever happens, the others' sockets are closed."""
    attempts: dict[asyncio.Task[socket.socket], Target] = {}
    winner = None
    try:
        for target in targets:
            attempts[asyncio.create_task(_attempt(target), name=f"connect to {target}")] = target
            winner = await _winner(attempts, NEXT_ADDRESS_S if target is not targets[-1] else None)
            if winner is not None:
                return winner.result()
        told = {str(target): _why(attempt.exception()) for attempt, target in attempts.items()}
        if len(set(told.values())) == 1:
            raise OSError(next(iter(told.values())))
        raise OSError("; ".join(f"{target}: {why}" for target, why in told.items()))
    finally:
        for attempt in attempts:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_discard)


async def _winner(
    attempts: dict[asyncio.Task[socket.socket], Target], patience_s: float | None
) -> asyncio.Task[socket.socket] | None:
    """One that has connected; None when the next address is due, or all have failed."""
    failed = {attempt for attempt in attempts if attempt.done()}
    while pending := attempts.keys() - failed:
        done, _ = await asyncio.wait(pending, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        for attempt in done:
            if attempt.exception() is None:
                return attempt
        failed |= done
        if patience_s is not None:
            break
    return None


async def _attempt(target: Target) -> socket.socket:
    sock = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, target.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


def _why(error: BaseException | None) -> str:
    """Without the address, which asyncio repeats."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ECONNREFUSED:
        return "nobody listens on this port, or a firewall refuses it"
    return os.strerror(number) if number is not None else str(error)
