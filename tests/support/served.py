"""A server of ours on loopback, as a process of its own."""

import sys
from pathlib import Path
from typing import Self

from tests.support.ports import free_port
from tests.support.process import Process

LISTENING = "listening"


class Served:
    """Listens once it is made: `python -m module PORT ...`, which calls `listening` when it does."""

    def __init__(self, module: str, *arguments: str | Path) -> None:
        self.port = free_port()
        self._process = Process([sys.executable, "-m", module, str(self.port), *arguments])
        self._process.wait_for_line(lambda line: line == LISTENING)

    def stop(self) -> None:
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def listening() -> None:
    """For the process itself to say."""
    sys.stderr.write(f"{LISTENING}\n")
