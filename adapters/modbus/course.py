"""How far a scan is, and how long it still takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.adapter import Progress, Tell


class Course:
    """Of one scan, over `settings` of a link; `where` says which one it is at."""

    def __init__(self, tell: Tell, settings: int = 1) -> None:
        self.where = ""
        self._tell = tell
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._done = self._total = 0

    def begin(self, units: int, longest_s: float) -> None:
        """So many are tried at each setting, each for at most so long."""
        if not self._total:
            self._began_s = self._loop.time()
            self._total = units * self._settings
            self._tell(Progress(0, self._total, self._total * longest_s))

    def step(self, at: str, found: Mapping[str, Any] | None) -> None:
        """One more has been tried."""
        self._done += 1
        self._say(at, () if found is None else (found,))

    def skip(self, units: int, note: str) -> None:
        """A setting is passed over."""
        self._done += units
        self._say("", (), (note,))

    def note(self, sentence: str) -> None:
        """Something for people to know."""
        self._say("", (), (sentence,))

    def _say(self, at: str, found: tuple[Mapping[str, Any], ...], notes: tuple[str, ...] = ()) -> None:
        spent_s = self._loop.time() - self._began_s
        left_s = spent_s / self._done * (self._total - self._done) if self._done else 0.0
        place = f"{self.where} {at}".strip()
        self._tell(Progress(self._done, self._total, left_s, place, found, notes))
