"""A process under test, and what it writes to stderr."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.patience import HANG_S


class Process:
    """Runs until stopped; its stderr is kept line by line and can be waited for."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._command = [str(part) for part in command]
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._ended = False
        self._popen = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        self._reader = threading.Thread(target=self._read, name=f"stderr of {self._popen.pid}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._popen.poll()

    @property
    def lines(self) -> list[str]:
        """What it has written to stderr so far."""
        with self._changed:
            return list(self._lines)

    def wait_for_line(self, wanted: Callable[[str], bool], timeout_s: float = HANG_S, start: int = 0) -> str:
        """The first line from number `start` on that is wanted; fails when the process ends or time is up."""
        deadline_s = time.monotonic() + timeout_s
        seen = start
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if wanted(line):
                        return line
                seen = max(seen, len(self._lines))
                if self._ended:
                    raise AssertionError(self._story(f"ended with {self._popen.poll()} before it said so"))
                if not self._changed.wait(deadline_s - time.monotonic()):
                    raise AssertionError(self._story(f"did not say so within {timeout_s} s"))

    def wait(self, timeout_s: float = HANG_S) -> int:
        """The exit code, once it has ended by itself and all it wrote has been read."""
        code = self._popen.wait(timeout_s)
        self._reader.join(HANG_S)
        return code

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def terminate(self, timeout_s: float = HANG_S) -> int:
        """Ask it to stop; returns its exit code."""
        self._popen.terminate()
        return self.wait(timeout_s)

    def kill(self) -> int:
        """End it without asking; harmless when it has ended."""
        self._popen.kill()
        return self.wait()

    def _read(self) -> None:
        assert self._popen.stderr is not None
        with self._popen.stderr as stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _story(self, what: str) -> str:
        return "\n".join([f"{' '.join(self._command)} {what}; its stderr:", *self._lines[-60:]])
