"""A device that advertises more than anybody can use is bounded: the newest of each second goes on. Pure."""

from __future__ import annotations

from adapters.ble.advert import Advert
from adapters.ble.heard.counters import Counters
from gateway.model import Notice

MAX_PER_S = 20
"""Packets of a device that differ: sensors send ten a second at most, as a rule one; so does a person with a button."""

CALM_S = 10.0
"""After so long without a packet too many it is over: floods come in waves."""

TOO_MANY = f"it advertises more than {MAX_PER_S} different packets a second: the newest are taken, the others counted"
OVER = "it does not advertise more than can be taken any more"


class Flood:
    """Of one device. What is held back is the newest: only what came before it is lost, and counted."""

    def __init__(self, name: str, counters: Counters) -> None:
        self._name = name
        self._counters = counters
        self._held: Advert | None = None
        self._window_s = float("-inf")
        self._taken = 0
        self._lost_s = float("-inf")
        self._is_told = False
        self._is_broken = False

    def admits(self, advert: Advert, now_s: float) -> bool:
        """Whether it may go on; else it is held back until `due`, in place of the one before it."""
        self._turn(now_s)
        if self._taken < MAX_PER_S:
            self._taken += 1
            return True
        self.drop(now_s)
        self._held = advert
        return False

    def due(self, now_s: float) -> Advert | None:
        """What was held back, once its time has come."""
        if self._held is None:
            return None
        self._turn(now_s)
        if self._taken >= MAX_PER_S:
            return None
        advert, self._held = self._held, None
        self._taken += 1
        return advert

    def drop(self, now_s: float) -> None:
        """Something newer was said than what is held back."""
        if self._held is not None:
            self._held = None
            self._counters.overflowed += 1
            self._lost_s = now_s
            self._is_broken = True

    def is_broken(self) -> bool:
        """Whether something is missing since this was last asked: it was heard, so it is not lost."""
        is_broken, self._is_broken = self._is_broken, False
        return is_broken

    def news(self, now_s: float) -> Notice | None:
        """What people should know of it: that it has begun, and that it is over."""
        is_on = now_s - self._lost_s < CALM_S
        if is_on == self._is_told:
            return None
        self._is_told = is_on
        return Notice(self._name, TOO_MANY if is_on else OVER, mended=not is_on)

    def _turn(self, now_s: float) -> None:
        if now_s - self._window_s >= 1.0:
            self._window_s, self._taken = now_s, 0
