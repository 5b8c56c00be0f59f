"""What a command may do at this moment: rates, hours, confirmations. One guard for all origins of commands.

Pure: time and chance come in as functions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from gateway.adapter import Rejected
from gateway.commands.decode import Request
from gateway.commands.policy import Guarded, Permit
from gateway.units import TimesIn, format_quota

CONFIRM_S = 60.0
"""How long a token waits for its second command: a person reads, decides and types."""

MAX_TIMES = 9_999
"""The most that a rate can allow in its time (gateway.units.Quota)."""

MAX_TOKENS = 1_000
"""Tokens that wait; with more the oldest is worth nothing any more."""


Counted = dict[str, deque[float]]
"""By rule, when its commands were carried out, oldest first; seconds of a clock that outlasts the guard."""


class Unconfirmed(Rejected):
    """It must be sent again, under another id, with this token."""

    def __init__(self, detail: str, rule: str, token: str) -> None:
        super().__init__("policy", detail, rule)
        self.token = token


class Pending(NamedTuple):
    """What a token is good for, and until when."""

    asked: bytes
    until_s: float


class Guard:
    """Rates, hours and tokens. `minute()` is the local minute of the day, None while no clock can be believed."""

    def __init__(
        self,
        now_s: Callable[[], float],
        minute: Callable[[], int | None],
        token: Callable[[], str],
        counted: Counted | None = None,
    ) -> None:
        """`counted`: what another guard has counted, and this one goes on with."""
        self._now_s = now_s
        self._minute = minute
        self._token = token
        self._done = {} if counted is None else counted
        self._pending: dict[str, Pending] = {}

    def admit(self, request: Request, permit: Permit, device: str, origin: str) -> Callable[[], None]:
        """Count a command as carried out; raises Rejected. Returns what takes that back if it is not."""
        for each in permit.guarded:
            self._check_hours(each)
        limits = list(_limits(permit))
        for rule, limit in limits:
            self._check_rate(rule, limit)
        self._check_confirmed(request, permit, device, origin)
        return self._count(limits)

    def remember(self, ago_s: float, rule: str) -> None:
        """Count what was carried out before this process began; oldest first."""
        self._done.setdefault(rule, deque(maxlen=MAX_TIMES)).append(self._now_s() - ago_s)

    def _check_hours(self, each: Guarded) -> None:
        if not each.guards.hours:
            return
        rule, minute = f"{each.rule}.hours", self._minute()
        if minute is None:
            raise Rejected("policy", f"{each.what} has hours, and the gateway's clock is not set", rule)
        if not any(_within(minute, start, end) for start, end in each.guards.hours):
            hours = ", ".join(f"{_time(start)}-{_time(end)}" for start, end in each.guards.hours)
            raise Rejected("policy", f"{each.what} is only allowed {hours}; it is {_time(minute)}", rule)

    def _check_rate(self, rule: str, limit: TimesIn) -> None:
        done = self._done.get(rule)
        if done is None or len(done) < limit.times:
            return
        rest_s = done[-limit.times] + limit.period_s - self._now_s()
        if rest_s > 0:
            raise Rejected("policy", f"more than {format_quota(limit)}; the next in {rest_s:.0f} s", rule)

    def _check_confirmed(self, request: Request, permit: Permit, device: str, origin: str) -> None:
        rules = [each for each in permit.guarded if each.guards.confirm]
        if not rules:
            return
        now_s = self._now_s()
        asked = msgspec.json.encode([origin, device, request.write, request.invoke, permit.args])
        pending = self._pending.get(request.confirm or "")
        if pending is not None and pending.asked == asked and now_s < pending.until_s:
            del self._pending[request.confirm or ""]
            return
        self._forget(now_s)
        token = self._token()
        self._pending[token] = Pending(asked, now_s + CONFIRM_S)
        wrong = "that token is not, or no more, good for this; " if request.confirm else ""
        names = " and ".join(each.what for each in rules)
        detail = (
            f"{wrong}{names} must be confirmed: send it again within {CONFIRM_S:.0f} s with another id and this token"
        )
        raise Unconfirmed(detail, f"{rules[0].rule}.confirm", token)

    def _forget(self, now_s: float) -> None:
        """Tokens that are too old, and the oldest if there are too many: they are in the order of their making."""
        while self._pending:
            token, oldest = next(iter(self._pending.items()))
            if oldest.until_s > now_s and len(self._pending) < MAX_TOKENS:
                return
            del self._pending[token]

    def _count(self, limits: list[tuple[str, TimesIn]]) -> Callable[[], None]:
        now_s = self._now_s()
        for rule, limit in limits:
            done = self._done.setdefault(rule, deque(maxlen=MAX_TIMES))
            done.append(now_s)
            while len(done) > limit.times:
                done.popleft()

        def take_back() -> None:
            for rule, _ in limits:
                if now_s in self._done[rule]:
                    self._done[rule].remove(now_s)

        return take_back


def rates(permit: Permit) -> tuple[str, ...]:
    """The rules whose rates a command counts for."""
    return tuple(rule for rule, _ in _limits(permit))


def _limits(permit: Permit) -> Iterator[tuple[str, TimesIn]]:
    for rule, _, guards in permit.guarded:
        if guards.max_rate is not None:
            yield f"{rule}.max_rate", guards.max_rate
    if permit.device_rate is not None:
        yield permit.device_rate


def _within(minute: int, start: int, end: int) -> bool:
    """Whether a minute is in a span of the day, which may be over midnight."""
    return start <= minute < end if start < end else minute >= start or minute < end


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
