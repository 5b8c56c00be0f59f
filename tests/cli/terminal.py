"""A verb at a terminal, with somebody who types."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from select import select
from typing import NamedTuple

from tests.support.patience import HANG_S
from tests.support.repo import ROOT

COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Seen(NamedTuple):
    """What a terminal has shown, without colours, and the exit code."""

    code: int
    text: str


class Terminal:
    """A process whose stdin, stdout and stderr are one terminal of 120 columns."""

    def __init__(self, arguments: Sequence[str | Path], cwd: Path) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", *map(str, arguments)],
            cwd=cwd, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._shown = b""

    @property
    def text(self) -> str:
        return COLOUR.sub("", self._shown.decode(errors="replace")).replace("\r\n", "\n")

    def wait_for(self, words: str, limit_s: float = HANG_S) -> None:
        """Return once it has shown these."""
        end_s = time.monotonic() + limit_s
        while words not in self.text:
            assert self._more(end_s), f"never showed {words!r}:\n{self.text}"

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self, limit_s: float = HANG_S) -> Seen:
        """What it has shown when it has ended by itself."""
        end_s = time.monotonic() + limit_s
        while self._more(end_s):
            pass
        return Seen(self.process.wait(limit_s), self.text)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def _more(self, end_s: float) -> bool:
        """Read on; False when it has ended or time is up."""
        ready, _, _ = select([self._master], [], [], max(0.0, end_s - time.monotonic()))
        try:
            chunk = os.read(self._master, 65_536) if ready else b""
        except OSError:  # Linux: the last process at the terminal has ended
            chunk = b""
        self._shown += chunk
        return bool(chunk)
