"""The report filter: on change, deadband, heartbeat, interval. Pure: time comes in as an argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeGuard

from gateway.adapter import ReportConfig
from gateway.model import Bad, PointGroup, Sample, Value


class Rule(NamedTuple):
    """When a point is reported; `deadband` is in the point's unit, or a share of the last reported value.

    `interval_s` goes before `heartbeat_s`: whoever wants a point seldom does not want it more often for being alike.
    """

    on_change: bool
    deadband: float
    relative: bool
    heartbeat_s: float
    interval_s: float = 0.0

    @property
    def is_always(self) -> bool:
        """Whether whatever is read is reported."""
        return not self.on_change and self.interval_s <= 0

    def differs(self, last: Value | Bad, new: Value | Bad) -> bool:
        """Whether the change is one to report."""
        if isinstance(last, Bad) or isinstance(new, Bad):
            return not (isinstance(last, Bad) and isinstance(new, Bad) and last.reason == new.reason)
        if _is_number(last) and _is_number(new):
            width = self.deadband * abs(last) if self.relative else self.deadband
            return last != new and abs(new - last) > width
        return last != new


RuleOf = Callable[[str, str], Rule | None]
"""The rule of a device's point; None where its readings are not wanted."""

WHOLE = 1e-9
"""How far a number of polls may be off a whole one by the rounding of binary fractions: 0.3 s are 3 polls of 0.1 s."""


@lru_cache(maxsize=1024)
def resolve(*levels: ReportConfig | None) -> Rule:
    """The rule of one point, from its own settings, its device's and the top level's, the nearest first."""

    def nearest(name: str, default: object) -> object:
        found = (getattr(level, name) for level in levels if level is not None)
        return next((value for value in found if value is not None), default)

    deadband = nearest("deadband", 0.0)
    relative = isinstance(deadband, str)
    return Rule(
        on_change=bool(nearest("on_change", False)),
        deadband=float(str(deadband).rstrip("%")) / (100 if relative else 1),
        relative=relative,
        heartbeat_s=float(str(nearest("heartbeat", 600.0))),
        interval_s=float(str(nearest("interval", 0.0))),
    )


def quiet_s(interval_s: float, every_s: float) -> float:
    """How long after a report nothing is due of what is polled each `every_s` (0: it comes by itself).

    Polls are now a little early, now late: one that is less than half a period early counts as in time, or an interval
    of 10 polls would now and then be one of 11.
    """
    if every_s <= 0:
        return interval_s
    polls = math.ceil(interval_s / every_s - WHOLE)
    return min(interval_s, max(0.0, (polls - 0.5) * every_s))


class Selection(NamedTuple):
    """The part of a sample that is to be reported."""

    values: Mapping[str, Value]
    bad: Mapping[str, Bad]


class GroupReport:
    """What was last reported of one group's points, and so what is due next; points without a rule never are."""

    def __init__(self, group: PointGroup, rules: Mapping[str, Rule | None]) -> None:
        self._last: list[tuple[Value | Bad, float] | None] = [None] * len(group.points)
        self.follow(group, rules)

    def follow(self, group: PointGroup, rules: Mapping[str, Rule | None]) -> None:
        """Go by these rules from now on, and by what was reported before."""
        self._points = [
            (index, name, rule, quiet_s(rule.interval_s, group.every_s))
            for index, name in enumerate(group.points)
            if (rule := rules[name]) is not None
        ]

    def select(self, sample: Sample, now_s: float) -> Selection | None:
        """The told points that are due, or None when none is; `now_s` is on a clock that never jumps."""
        values: dict[str, Value] = {}
        bad: dict[str, Bad] = {}
        for index, name, rule, pause_s in self._points:
            value = sample.values[index]
            if value is None and sample.partial and name not in sample.bad:
                continue
            new = sample.bad[name] if value is None else value
            if not _is_due(rule, pause_s, self._last[index], new, now_s):
                continue
            self._last[index] = (new, now_s)
            if isinstance(new, Bad):
                bad[name] = new
            else:
                values[name] = new
        return Selection(values, bad) if values or bad else None

    def forget(self) -> None:
        """After a loss everything is reported once more."""
        self._last = [None] * len(self._last)


def _is_due(rule: Rule, pause_s: float, last: tuple[Value | Bad, float] | None, new: Value | Bad, now_s: float) -> bool:
    if last is None:
        return True
    passed_s = now_s - last[1]
    if passed_s < pause_s:
        return isinstance(last[0], Bad) is not isinstance(new, Bad)
    return not rule.on_change or passed_s >= rule.heartbeat_s or rule.differs(last[0], new)


class ReportFilter:
    """What was and is reported to one endpoint; groups of which all is always reported pass untouched."""

    def __init__(self, rule_of: RuleOf, now_s: Callable[[], float]) -> None:
        self._rule_of = rule_of
        self._now_s = now_s
        self._groups: dict[PointGroup, GroupReport | None] = {}
        self._wished_s: Mapping[str, float] = {}

    def select(self, sample: Sample) -> Sample | Selection | None:
        """The sample itself, a part of it, or None when nothing is due."""
        try:
            report = self._groups[sample.group]
        except KeyError:
            report = self._groups[sample.group] = self._report_for(sample.group, None)
        return sample if report is None else report.select(sample, self._now_s())

    def forget(self) -> None:
        """After a loss everything is reported once more."""
        for report in self._groups.values():
            if report is not None:
                report.forget()

    def wish(self, intervals: Mapping[str, float]) -> None:
        """The far end wants these intervals, in seconds by device, or "" for all; {}: as configured.

        Holds at once, in place of what was wished before; what was last reported still counts.
        """
        self._wished_s = dict(intervals)
        for group, report in self._groups.items():
            self._groups[group] = self._report_for(group, report)

    def _report_for(self, group: PointGroup, report: GroupReport | None) -> GroupReport | None:
        rules = {name: self._rule(group.device, name) for name in group.points}
        if all(rule is not None and rule.is_always for rule in rules.values()):
            return None
        if report is None:
            return GroupReport(group, rules)
        report.follow(group, rules)
        return report

    def _rule(self, device: str, point: str) -> Rule | None:
        rule = self._rule_of(device, point)
        wished_s = self._wished_s.get(device, self._wished_s.get(""))
        return rule if rule is None or wished_s is None else rule._replace(interval_s=wished_s)


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
