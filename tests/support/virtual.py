"""`fieldgate simulate` as a process that takes orders."""

import json
import queue
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

from tests.support.daemon import FIELDGATE
from tests.support.patience import HANG_S


class Virtual:
    """Runs until left; `links` is what it says of each link when it is ready."""

    def __init__(self, config: Path, *arguments: str, adapter: str = "modbus") -> None:
        command = [str(FIELDGATE), "simulate", adapter, "-c", str(config), "--json", *arguments]
        pipe = subprocess.PIPE
        self._popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self._said = queue.Queue[str]()
        self._complaints = queue.Queue[str]()
        self._readers = [
            threading.Thread(target=_pour, args=ends, daemon=True)
            for ends in ((self._popen.stdout, self._said), (self._popen.stderr, self._complaints))
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        try:
            self.links: dict[str, Any] = self._next()["links"]
        except queue.Empty:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.kill()
        self._end()

    def order(self, line: str) -> Any:
        """Type a line; what it answers."""
        self._type(line)
        return self._next()

    def misunderstood(self, line: str) -> str:
        """Type a line; what it complains."""
        self._type(line)
        return self._complaints.get(timeout=HANG_S)

    def interrupt(self) -> int:
        """Ctrl-C; returns its exit code."""
        self._popen.send_signal(signal.SIGINT)
        return self._end()

    def _type(self, line: str) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()

    def _next(self) -> Any:
        return json.loads(self._said.get(timeout=HANG_S))

    def _end(self) -> int:
        code = self._popen.wait(HANG_S)
        for reader in self._readers:
            reader.join(HANG_S)
        for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()
        return code


def _pour(stream: Any, into: "queue.Queue[str]") -> None:
    for line in stream:
        into.put(line)
