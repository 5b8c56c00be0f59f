"""Listening to a port: what comes, and how much of it the driver finds damaged. Nothing is sent."""

from __future__ import annotations

import asyncio
import fcntl
import struct
from contextlib import suppress
from typing import Any

from typing_extensions import override

from adapters.serial.search.heard import Heard
from adapters.serial.search.setting import Setting

MAX_BYTES = 4096
"""What is kept of what comes: enough to tell what it is."""

TIOCGICOUNT = 0x545D
"""Of all machines that Debian runs on but mips, powerpc and sparc (asm-generic/ioctls.h)."""
COUNTS = struct.Struct("=20i")
"""struct serial_icounter_struct (linux/serial.h)."""
FRAMING, PARITY, BREAK = 6, 8, 9
"""Where in it damaged characters are counted."""


class Ear(asyncio.Protocol):
    """What a port says, from its connection on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: list[tuple[float, bytes]] = []
        self._room = MAX_BYTES
        self._descriptor: int | None = None
        self._faults_before: int | None = None
        self.news = asyncio.Event()
        self.end: Exception | None = None
        self.over = asyncio.Event()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._descriptor = transport.get_extra_info("fileno")
        self._faults_before = faults_at(self._descriptor)

    @override
    def data_received(self, data: bytes) -> None:
        self.hear(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.end = exc
        self._descriptor = None
        self.news.set()
        self.over.set()

    def hear(self, data: bytes) -> None:
        """What is beyond the bound is not kept."""
        if kept := data[: self._room]:
            self._pieces.append((self._loop.time(), kept))
            self._room -= len(kept)
            self.news.set()

    @property
    def is_full(self) -> bool:
        """Whether there is enough."""
        return not self._room

    def heard(self, setting: Setting) -> Heard:
        """So far; it was set to this."""
        faults = None
        if self._faults_before is not None and (now := faults_at(self._descriptor)) is not None:
            faults = now - self._faults_before
        return Heard(setting, tuple(self._pieces), faults)


def faults_at(descriptor: Any) -> int | None:
    """Characters without a stop bit or with a wrong parity, and breaks, since the port is there; None if untold."""
    if isinstance(descriptor, int):
        with suppress(OSError):
            counts: tuple[int, ...] = COUNTS.unpack(fcntl.ioctl(descriptor, TIOCGICOUNT, bytes(COUNTS.size)))
            return counts[FRAMING] + counts[PARITY] + counts[BREAK]
    return None
