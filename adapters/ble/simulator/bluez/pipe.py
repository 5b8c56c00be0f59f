"""Our end of a socket that a client has acquired, to get notifications or to write without a call for each."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

PACKET: Final = 517
"""More than any packet of the attribute protocol here carries."""


class Pipe:
    """`theirs` goes to the client, and is closed here when it has been sent. `closed` is called when they close it."""

    def __init__(self, heard: Callable[[bytes], None], closed: Callable[[], None]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self.theirs = theirs.detach()
        self._ours = ours
        self._heard = heard
        self._closed = closed
        asyncio.get_running_loop().add_reader(ours, self._readable)

    def send(self, data: bytes) -> None:
        """One packet; lost if the client doesn't read."""
        with contextlib.suppress(OSError):
            self._ours.send(data)

    def close(self) -> None:
        """Let the client see that it is over."""
        if self._ours.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._ours)
            self._ours.close()

    def _readable(self) -> None:
        try:
            data = self._ours.recv(PACKET)
        except OSError:
            data = b""
        if data:
            self._heard(data)
            return
        self.close()
        self._closed()
