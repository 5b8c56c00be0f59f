"""Two serial ports that are each other's far end: what is written to one can be read from the other."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Ptys:
    """`ours` and `theirs` are paths; `unplug` takes ours away, as when the adapter is pulled out."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ends = [os.openpty(), os.openpty()]
        self.ours, self.theirs = (os.ttyname(slave) for _, slave in self._ends)
        for master, slave in self._ends:
            tty.setraw(slave)
            os.set_blocking(master, False)
        (a, _), (b, _) = self._ends
        self._masters = {a: b, b: a}
        for master in self._masters:
            self._loop.add_reader(master, self._carry, master)

    def unplug(self) -> None:
        """Both ports are gone."""
        for master in self._masters:
            self._loop.remove_reader(master)
        for end in self._ends:
            for descriptor in end:
                os.close(descriptor)
        self._masters, self._ends = {}, []

    def _carry(self, master: int) -> None:
        try:
            data = os.read(master, 4096)
        except BlockingIOError:
            return
        os.write(self._masters[master], data)


@asynccontextmanager
async def ptys() -> AsyncIterator[Ptys]:
    pair = Ptys()
    try:
        yield pair
    finally:
        pair.unplug()
