"""How far a search is, and how long it still takes at most. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.serial.search.guess import Guess
from adapters.serial.search.scope import Scope
from adapters.serial.search.setting import Setting
from gateway.adapter import Progress, Tell


class Course:
    """Of one search."""

    def __init__(self, tell: Tell, scope: Scope, notes: tuple[str, ...] = ()) -> None:
        self._tell = tell
        self._scope = scope
        self._done = 0
        tell(Progress(0, len(scope.settings), scope.total_s, notes=notes))

    def step(self, setting: Setting, judged: Guess, found: Mapping[str, Any]) -> None:
        """One has been listened at."""
        self._done += 1
        at = f"{setting.name}: {judged.heard_bytes} bytes".removeprefix(": ")
        self._say(at, (found,) if judged.is_plausible else ())

    def pass_over(self, setting: Setting, note: str) -> None:
        """One could not be."""
        self._done += 1
        self._say(setting.name, (), (note,))

    def note(self, sentence: str) -> None:
        """Something for people to know."""
        self._say("", (), (sentence,))

    def _say(self, at: str, found: tuple[Mapping[str, Any], ...], notes: tuple[str, ...] = ()) -> None:
        total = len(self._scope.settings)
        self._tell(Progress(self._done, total, (total - self._done) * self._scope.listen_s, at, found, notes))
