"""Requests that may well be in vain, to devices of which it is not known that they answer: bounded in time. Pure."""

from __future__ import annotations

from collections.abc import Collection

from adapters.modbus.wire.exchange import Exchange
from gateway.line import Agenda


class Doubts:
    """`waiting`, and what such ones have cost: as much time is then for others, if they want it. Seconds."""

    def __init__(self) -> None:
        self.waiting: Agenda[Exchange] = Agenda()
        self._sent_s: dict[Exchange, float] = {}
        self._others_until_s = 0.0

    def __bool__(self) -> bool:
        return bool(self.waiting or self._sent_s)

    def may_try(self, now_s: float) -> bool:
        """Whether others have had their time."""
        return now_s >= self._others_until_s

    def tried(self, sent: Exchange | None, now_s: float) -> None:
        """One of them is on the wire, or what had to be asked before it."""
        if sent is not None:
            self._sent_s[sent] = now_s

    def settle(self, in_flight: Collection[Exchange], now_s: float, limit: int) -> None:
        """Count the cost of those that are not under way any more, where so many may be at once."""
        for exchange in [each for each in self._sent_s if each not in in_flight]:
            cost_s = (now_s - self._sent_s.pop(exchange)) / limit
            self._others_until_s = max(self._others_until_s, now_s) + cost_s
