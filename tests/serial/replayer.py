"""A device behind a pseudo terminal that says what a capture says, when it is asked what the capture was asked."""

import array
import fcntl
import os
import select
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from gateway.adapter.capture import US, Commanded, Traffic
from tests.support.patience import HANG_S

LONGEST_PAUSE_S = 0.1
"""Between two lines of a capture that are further apart."""
LOOK_S = 0.02
OPENED_S = 0.5
"""After it the port has surely been opened: what comes while it is may be thrown away, several times."""


class Replayer:
    """On a thread of its own, from `play` on. A question that comes again is answered as it was the last time.

    `command` is called with what the capture says was commanded. `failed`: what came that the capture does not know.
    """

    def __init__(self, entries: Sequence[Traffic | Commanded], command: Callable[[Mapping[str, Any]], None]) -> None:
        self._end, self._daemon_end = os.openpty()
        tty.setraw(self._daemon_end)
        # A name of its own: the terminal's number is used again at once, and then a daemon would open somebody else's.
        self._folder = tempfile.TemporaryDirectory(prefix="fieldgate-")
        self.path = f"{self._folder.name}/port"
        Path(self.path).symlink_to(os.ttyname(self._daemon_end))
        self.failed: str | None = None
        self._entries = entries
        self._command = command
        self._answers: dict[bytes, bytes] = {}
        self._asked = self._heard = b""
        self._is_over = False
        self._has_said_all = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        if self._thread.ident is not None:
            self._thread.join(HANG_S)
        self._folder.cleanup()
        os.close(self._end)
        os.close(self._daemon_end)

    @property
    def speaks_first(self) -> bool:
        """Whether its first line is one that nobody asks for."""
        first = self._entries[0]
        return isinstance(first, Traffic) and first.direction == "rx"

    def play(self) -> None:
        """From the first line on; return once somebody reads, if that is one that nobody asks for."""
        first = self._entries[0]
        if isinstance(first, Traffic) and first.direction == "rx":
            empty = first.data.removeprefix(first.data.rstrip(b"\r\n")) or b"\0"
            self._until_read(empty)
            opened_s = time.monotonic() + OPENED_S
            while time.monotonic() < opened_s:
                self._until_read(empty)
        self._thread.start()

    def wait(self) -> None:
        """Until all lines are played."""
        assert self._has_said_all.wait(HANG_S), self.failed

    def _until_read(self, data: bytes) -> None:
        os.write(self._end, data)
        unread, deadline_s = array.array("i", [1]), time.monotonic() + HANG_S
        while unread[0]:
            assert time.monotonic() < deadline_s, "nobody reads"
            time.sleep(LOOK_S)
            fcntl.ioctl(self._daemon_end, termios.FIONREAD, unread)

    def _play(self) -> None:
        before_us = 0
        for entry in self._entries:
            after_s, before_us = (entry.at_us - before_us) / US, entry.at_us
            if isinstance(entry, Traffic) and entry.direction == "tx":
                if not self._is_asked(entry.data):
                    return
                continue
            time.sleep(min(after_s, LONGEST_PAUSE_S))
            if isinstance(entry, Commanded):
                self._command(entry.command)
            else:
                self._say(entry.data)
        self._has_said_all.set()
        self._is_asked(b"")

    def _is_asked(self, wanted: bytes) -> bool:
        """Answer what is asked until it is this; False if it never is. Nothing: until the end."""
        deadline_s = time.monotonic() + HANG_S
        while not self._is_over and time.monotonic() < deadline_s:
            if wanted and self._heard.startswith(wanted):
                self._heard = self._heard.removeprefix(wanted)
                self._asked = wanted
                self._answers.pop(wanted, None)
                return True
            if known := next((question for question in self._answers if self._heard.startswith(question)), None):
                self._heard = self._heard.removeprefix(known)
                os.write(self._end, self._answers[known])
            elif select.select([self._end], [], [], LOOK_S)[0]:
                self._heard += os.read(self._end, 4096)
        if wanted:
            self.failed = f"the gateway sent {self._heard!r}, not {wanted!r}"
        return False

    def _say(self, data: bytes) -> None:
        if self._asked:
            self._answers[self._asked] = self._answers.get(self._asked, b"") + data
        os.write(self._end, data)
