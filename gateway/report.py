"""The report filter: on change, deadband, heartbeat. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeGuard

from gateway.adapter import ReportConfig
from gateway.model import Bad, PointGroup, Sample, Value


class Rule(NamedTuple):
    """When a point is reported; `deadband` is in the point's unit, or a share of the last reported value."""

    on_change: bool
    deadband: float
    relative: bool
    heartbeat_s: float

    def differs(self, last: Value | Bad, new: Value | Bad) -> bool:
        """Whether the change is one to report."""
        if isinstance(last, Bad) or isinstance(new, Bad):
            return not (isinstance(last, Bad) and isinstance(new, Bad) and last.reason == new.reason)
        if _is_number(last) and _is_number(new):
            width = self.deadband * abs(last) if self.relative else self.deadband
            return last != new and abs(new - last) > width
        return last != new


RuleOf = Callable[[str, str], Rule]
"""The rule of a device's point."""


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
    )


class Selection(NamedTuple):
    """The part of a sample that is to be reported."""

    values: Mapping[str, Value]
    bad: Mapping[str, Bad]


class GroupReport:
    """What was last reported of one group's points, and so what is due next."""

    def __init__(self, group: PointGroup, rules: Mapping[str, Rule]) -> None:
        self._points = [(name, rules[name]) for name in group.points]
        self._last: list[tuple[Value | Bad, float] | None] = [None] * len(group.points)

    def select(self, sample: Sample, now_s: float) -> Selection | None:
        """The told points that are due, or None when none is; `now_s` is on a clock that never jumps."""
        values: dict[str, Value] = {}
        bad: dict[str, Bad] = {}
        for index, (name, rule) in enumerate(self._points):
            value = sample.values[index]
            if value is None and sample.partial and name not in sample.bad:
                continue
            new = sample.bad[name] if value is None else value
            if not self._is_due(rule, self._last[index], new, now_s):
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

    @staticmethod
    def _is_due(rule: Rule, last: tuple[Value | Bad, float] | None, new: Value | Bad, now_s: float) -> bool:
        if not rule.on_change or last is None:
            return True
        return now_s - last[1] >= rule.heartbeat_s or rule.differs(last[0], new)


class ReportFilter:
    """One endpoint's view of what has been reported; groups without an `on_change` point pass untouched."""

    def __init__(self, rule_of: RuleOf, now_s: Callable[[], float]) -> None:
        self._rule_of = rule_of
        self._now_s = now_s
        self._groups: dict[PointGroup, GroupReport | None] = {}

    def select(self, sample: Sample) -> Sample | Selection | None:
        """The sample itself, a part of it, or None when nothing is due."""
        try:
            report = self._groups[sample.group]
        except KeyError:
            report = self._groups[sample.group] = self._report_for(sample.group)
        return sample if report is None else report.select(sample, self._now_s())

    def forget(self) -> None:
        """After a loss everything is reported once more."""
        for report in self._groups.values():
            if report is not None:
                report.forget()

    def _report_for(self, group: PointGroup) -> GroupReport | None:
        rules = {name: self._rule_of(group.device, name) for name in group.points}
        return GroupReport(group, rules) if any(rule.on_change for rule in rules.values()) else None


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
