"""Who is at the other end of a unix socket."""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

UCRED = struct.Struct("3i")
"""struct ucred: process, user and group (unix(7), SO_PEERCRED)."""

NAME_S = 1.0
"""How long a directory service may take to name a user."""

NAMING = ThreadPoolExecutor(1, "names")
"""A thread of its own: a directory service that hangs must not take those that look up the broker's address."""


def uid_of(peer: socket.socket) -> int:
    """The user who has connected, as the kernel knows."""
    _, uid, _ = UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size))
    return int(uid)


async def name_of(uid: int) -> str:
    """The user's name, else `uid:1000`."""
    try:
        async with asyncio.timeout(NAME_S):
            return (await asyncio.get_running_loop().run_in_executor(NAMING, pwd.getpwuid, uid)).pw_name
    except (KeyError, TimeoutError):
        return f"uid:{uid}"
