"""Whose turn it is on a bus that commands and polls want at once. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Load(NamedTuple):
    """How many polls and commands are under way, and whether more of each wait."""

    polls: int = 0
    commands: int = 0
    polls_wait: bool = False
    commands_wait: bool = False


IDLE = Load()


class Turns:
    """Commands first, as long as polls have had their share of the time that both wanted.

    Time of the bus counts, not numbers of requests. Nobody is owed anything for time in which he did not wait. Seconds.
    """

    __slots__ = ("_at_s", "_load", "_share", "owed_s")

    def __init__(self, share: float) -> None:
        self._share = share
        self._load = IDLE
        self._at_s = 0.0
        self.owed_s = 0.0
        """What polls still have to get; below zero: what commands have to."""

    @property
    def polls_first(self) -> bool:
        """Whether a poll goes before a command."""
        return self.owed_s > 0

    def charge(self, now_s: float) -> None:
        """Charge the time since the last load was noted to those who had the bus."""
        load, past_s = self._load, now_s - self._at_s
        self._at_s = now_s
        owed_s = self.owed_s + past_s * (self._share * (load.polls + load.commands) - load.polls)
        if owed_s > self.owed_s:
            self.owed_s = owed_s if load.polls_wait else max(self.owed_s, min(0.0, owed_s))
        else:
            self.owed_s = owed_s if load.commands_wait else min(self.owed_s, max(0.0, owed_s))

    def note(self, load: Load) -> None:
        """This is how it is from now on; who neither waits nor is served is owed nothing."""
        self._load = load
        if not (load.polls or load.polls_wait):
            self.owed_s = min(0.0, self.owed_s)
        if not (load.commands or load.commands_wait):
            self.owed_s = max(0.0, self.owed_s)
