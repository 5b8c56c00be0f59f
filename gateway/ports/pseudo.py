"""A serial port that is none: a pseudo terminal, with a name that lasts."""

from __future__ import annotations

import asyncio
import os
import tempfile
import termios
import tty
from contextlib import suppress
from pathlib import Path

from typing_extensions import override

from gateway.adapter import Rejected
from gateway.ports.local import PSEUDO

LOOK_S = 0.02
"""How often it is looked whether somebody has opened a port: nothing tells the far end."""
SPEEDS = slice(4, 6)
"""Where termios has them."""
UNSET = [termios.B50, termios.B50]
"""Of a port that nobody has set yet: a speed that nobody wants."""
READ_BYTES = 4096
"""More than the kernel keeps of a line (N_TTY_BUF_SIZE)."""


class PseudoTerminal(asyncio.Transport):
    """The far end of the port at `path`; what nobody reads there is lost, as on a wire."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, path: Path) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._path = path
        self._ends = _pair()
        self._untouched = termios.tcgetattr(self._ends[1])
        self._terminal = Path(os.ttyname(self._ends[1]))
        path.symlink_to(self._terminal)
        loop.add_reader(self._ends[0], self._read)
        protocol.connection_made(self)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._ends:
            with suppress(OSError):
                os.write(self._ends[0], data)

    async def opened(self) -> None:
        """Wait until somebody has opened the port, and set it as everybody does who speaks on one."""
        while self._ends and termios.tcgetattr(self._ends[1]) == self._untouched:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(LOOK_S)

    def as_new(self) -> None:
        """Let nobody have opened it yet: who has it open does not notice."""
        if self._ends:
            termios.tcsetattr(self._ends[1], termios.TCSANOW, self._untouched)

    @override
    def is_closing(self) -> bool:
        return not self._ends

    @override
    def close(self) -> None:
        if self._ends:
            self._loop.remove_reader(self._ends[0])
            ends, self._ends = self._ends, ()
            for end in ends:
                os.close(end)
            if self._path.is_symlink() and self._path.readlink() == self._terminal:
                self._path.unlink()
            self._protocol.connection_lost(None)

    @override
    def abort(self) -> None:
        self.close()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._protocol.data_received(os.read(self._ends[0], READ_BYTES))


def _pair() -> tuple[int, ...]:
    """Ours, and theirs: that is held open, too, so that ours does not fail while nobody is there."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    attributes = termios.tcgetattr(theirs)
    attributes[SPEEDS] = UNSET
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    os.set_blocking(ours, False)
    return ours, theirs


def place_for(path: str) -> Path:
    """Where the port shall be found; raises Rejected where that can't be."""
    if not path:
        return Path(tempfile.mkdtemp(prefix="fieldgate-")) / "port"
    place = Path(path).absolute()
    free_link(place)
    return place


def free_link(path: Path) -> None:
    """Take away what an earlier simulation has left, and nothing else: raises Rejected where that stands.

    Whether it still runs can't be told, for numbers of terminals are used again.
    """
    if path.is_symlink() and str(path.readlink()).startswith(PSEUDO):
        path.unlink()
    elif path.exists() or path.is_symlink():
        raise Rejected("in-use", f"{path} exists: name a place where nothing is")
