"""A device behind a pseudo terminal that says what a capture says, when it is asked what the capture was asked."""

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from gateway.adapter.capture import US, Commanded, Traffic
from tests.support.patience import HANG_S

LONGEST_PAUSE_S = 0.1
"""Between two lines of a capture that are further apart."""


class Replayer:
    """On a thread of its own, from `play` on. A question that comes again is answered as it was the last time.

    `command` is called with what the capture says was commanded. `failed`: what came that the capture does not know.
    """

    def __init__(self, entries: Sequence[Traffic | Commanded], command: Callable[[Mapping[str, Any]], None]) -> None:
        self._end, self._daemon_end = os.openpty()
        tty.setraw(self._daemon_end)
        self.path = os.ttyname(self._daemon_end)
        self.failed: str | None = None
        self._entries = entries
        self._command = command
        self._answers: dict[bytes, bytes] = {}
        self._asked = b""
        self._is_over = False
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        if self._thread.ident is not None:
            self._thread.join(HANG_S)
        os.close(self._end)
        os.close(self._daemon_end)

    def play(self) -> None:
        """From the first line on."""
        self._thread.start()

    def _play(self) -> None:
        before_us = 0
        for entry in self._entries:
            after_s, before_us = (entry.at_us - before_us) / US, entry.at_us
            if isinstance(entry, Traffic) and entry.direction == "tx":
                if not self._await(entry.data):
                    return
                continue
            time.sleep(min(after_s, LONGEST_PAUSE_S))
            if isinstance(entry, Commanded):
                self._command(entry.command)
            else:
                self._say(entry.data)
        self._await(b"")

    def _await(self, wanted: bytes) -> bool:
        """Answer what is asked until it is this; False: it never was."""
        rest, deadline_s = b"", time.monotonic() + HANG_S
        while not self._is_over and time.monotonic() < deadline_s:
            ready, _, _ = select.select([self._end], [], [], 0.05)
            rest += os.read(self._end, 4096) if ready else b""
            if wanted and rest == wanted:
                self._asked = rest
                self._answers.pop(rest, None)
                return True
            if rest in self._answers:
                os.write(self._end, self._answers[rest])
                rest = b""
        if rest or wanted:
            self.failed = f"the gateway sent {rest!r}, not {wanted!r}"
        return False

    def _say(self, data: bytes) -> None:
        if self._asked:
            self._answers[self._asked] = self._answers.get(self._asked, b"") + data
        os.write(self._end, data)
