"""How far a scan is, and how long it still takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.adapter import Progress, Tell


class Course:
    """Of one scan, perhaps over several settings of a link: `where` says which one it is at."""

    def __init__(self, tell: Tell) -> None:
        self.where = ""
        self.each_s = 0.0
        """What each try takes at most from now on."""
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._done = self._total = 0
        self._most_s = self._passed_s = 0.0

    def begin(self, total: int, most_s: float) -> None:
        """So many tries come, which take so long at most; whoever says it first is heard."""
        if not self._total:
            self._began_s = self._loop.time()
            self._total, self._most_s = total, most_s
            self._tell(Progress(0, total, most_s))

    def step(self, at: str, found: Mapping[str, Any] | None) -> None:
        """One more has been tried."""
        self._done += 1
        self._passed_s += self.each_s
        self._say(at, () if found is None else (found,))

    def skip(self, tries: int, cost_s: float, note: str) -> None:
        """So many are not tried."""
        self._done += tries
        self._most_s -= cost_s
        self.note(note)

    def note(self, sentence: str) -> None:
        """Something for people to know."""
        self._say("", (), (sentence,))

    def _say(self, at: str, found: tuple[Mapping[str, Any], ...], notes: tuple[str, ...] = ()) -> None:
        """What is left takes as much of its longest time as what is done has."""
        spent_s = self._loop.time() - self._began_s
        share = spent_s / self._passed_s if self._passed_s else 1.0
        left_s = max(0.0, self._most_s - self._passed_s) * share if self._done < self._total else 0.0
        self._tell(Progress(self._done, self._total, left_s, f"{self.where} {at}".strip(), found, notes))
