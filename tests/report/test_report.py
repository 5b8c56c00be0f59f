"""What is reported of a sample, beside a model of one point."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapter import ReportConfig
from gateway.config.models import ReportSection
from gateway.model import Bad, BadReason, PointGroup, Sample, Value
from gateway.report import GroupReport, ReportFilter, Rule, Selection, quiet_s, resolve

ALWAYS = Rule(on_change=False, deadband=0.0, relative=False, heartbeat_s=600.0)


def rule(deadband: float = 0.0, *, relative: bool = False, heartbeat_s: float = 600.0, interval_s: float = 0.0) -> Rule:
    return Rule(on_change=True, deadband=deadband, relative=relative, heartbeat_s=heartbeat_s, interval_s=interval_s)


def told(filters: ReportFilter, *values: Value | Bad) -> dict[str, Value | Bad] | None:
    """What is reported of a sample of points a, b, c."""
    selection = filters.select(sample(*values))
    if isinstance(selection, Sample):
        return {
            name: selection.bad[name] if value is None else value
            for name, value in zip(selection.group.points, selection.values, strict=True)
        }
    return {**selection.values, **selection.bad} if selection is not None else None


def sample(*values: Value | Bad) -> Sample:
    names = ("a", "b", "c")[: len(values)]
    group = PointGroup("d", 1.0, names, tuple("float" for _ in names))
    bad = {name: value for name, value in zip(names, values, strict=True) if isinstance(value, Bad)}
    return Sample(group, 0, tuple(None if isinstance(value, Bad) else value for value in values), bad)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def one_point(rule: Rule, clock: Clock) -> ReportFilter:
    return ReportFilter(lambda *_: rule, clock)


TIMEOUT, NO_LINK = Bad(BadReason.TIMEOUT), Bad(BadReason.NO_LINK)


def test_without_on_change_every_sample_is_reported_untouched(clock: Clock) -> None:
    filters = one_point(ALWAYS, clock)
    poll = sample(1.0)
    assert filters.select(poll) is poll
    assert filters.select(poll) is poll


@pytest.mark.parametrize(
    ("last", "new", "due"),
    [
        (1.0, 1.0, False),
        (1.0, 1.5, True),
        (1, 2, True),
        (True, False, True),
        (True, True, False),
        ("on", "off", True),
        ("on", "on", False),
        (1.0, TIMEOUT, True),
        (TIMEOUT, 1.0, True),
        (TIMEOUT, TIMEOUT, False),
        (TIMEOUT, NO_LINK, True),
        (Bad(BadReason.OUT_OF_RANGE, 151.0), Bad(BadReason.OUT_OF_RANGE, 152.0), False),
        (2**60, 2**60 + 1, True),
        (2**63, float(2**63), False),
    ],
)
def test_on_change_reports_a_change_of_value_or_quality(
    clock: Clock, last: Value | Bad, new: Value | Bad, due: bool
) -> None:
    filters = one_point(rule(), clock)
    assert told(filters, last) == {"a": last}
    assert told(filters, new) == ({"a": new} if due else None)


@pytest.mark.parametrize(
    ("deadband", "relative", "last", "new", "due"),
    [
        (0.5, False, 10.0, 10.5, False),
        (0.5, False, 10.0, 10.51, True),
        (0.5, False, 10.0, 9.5, False),
        (0.5, False, 10.0, 9.49, True),
        (2, False, 10, 12, False),
        (2, False, 10, 13, True),
        (0.02, True, 100.0, 102.0, False),
        (0.02, True, 100.0, 102.1, True),
        (0.02, True, -100.0, -102.1, True),
        (0.02, True, -100.0, -101.9, False),
        (0.02, True, 0.0, 0.0001, True),
        (5, False, True, False, True),
        (5, False, "a", "b", True),
    ],
)
def test_a_change_must_be_larger_than_the_deadband(
    deadband: float, relative: bool, last: Value, new: Value, due: bool
) -> None:
    filters = one_point(rule(deadband, relative=relative), Clock())
    told(filters, last)
    assert (told(filters, new) is not None) == due


def test_small_steps_are_measured_from_what_was_last_reported(clock: Clock) -> None:
    filters = one_point(rule(1.0), clock)
    assert [told(filters, value) for value in (0.0, 0.6, 1.2, 1.8, 2.3)] == [
        {"a": 0.0},
        None,
        {"a": 1.2},
        None,
        {"a": 2.3},
    ]


def test_a_heartbeat_is_due_at_its_time_and_not_before(clock: Clock) -> None:
    filters = one_point(rule(heartbeat_s=60.0), clock)
    told(filters, 1.0)
    clock.now_s += 59.9
    assert told(filters, 1.0) is None
    clock.now_s += 0.1
    assert told(filters, 1.0) == {"a": 1.0}
    clock.now_s += 59.9
    assert told(filters, 1.0) is None


def test_a_point_that_turns_bad_is_told_once_and_then_with_each_heartbeat(clock: Clock) -> None:
    filters = one_point(rule(heartbeat_s=60.0), clock)
    assert [told(filters, value) for value in (1.0, TIMEOUT, TIMEOUT)] == [{"a": 1.0}, {"a": TIMEOUT}, None]
    clock.now_s += 60
    assert told(filters, TIMEOUT) == {"a": TIMEOUT}
    assert told(filters, 1.0) == {"a": 1.0}


def test_an_envelope_holds_only_the_points_that_are_due(clock: Clock) -> None:
    filters = ReportFilter(lambda _, point: ALWAYS if point == "c" else rule(), clock)
    assert told(filters, 1.0, 2.0, 3.0) == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert told(filters, 1.0, TIMEOUT, 3.0) == {"b": TIMEOUT, "c": 3.0}
    assert told(filters, 1.0, TIMEOUT, 3.0) == {"c": 3.0}


def test_after_a_gap_every_point_is_reported_once(clock: Clock) -> None:
    filters = ReportFilter(lambda *_: rule(), clock)
    told(filters, 1.0, 2.0)
    filters.forget()
    assert told(filters, 1.0, 2.0) == {"a": 1.0, "b": 2.0}
    assert told(filters, 1.0, 2.0) is None


def part(*values: Value | Bad | None) -> Sample:
    """None: it does not tell that point."""
    told = sample(*(TIMEOUT if value is None else value for value in values))
    bad = {name: why for name, why in told.bad.items() if values["abc".index(name)] is not None}
    return Sample(told.group, 0, told.values, bad, partial=True)


def test_what_a_sample_does_not_tell_is_left_alone(clock: Clock) -> None:
    filters = ReportFilter(lambda *_: rule(heartbeat_s=60.0), clock)
    assert filters.select(part(1.0, TIMEOUT, None)) == Selection({"a": 1.0}, {"b": TIMEOUT})
    assert filters.select(part(1.0, None, None)) is None
    assert filters.select(part(2.0, None, 3.0)) == Selection({"a": 2.0, "c": 3.0}, {})
    assert filters.select(part(None, TIMEOUT, None)) is None
    clock.now_s += 60.0
    assert filters.select(part(None, None, 3.0)) == Selection({"c": 3.0}, {})
    assert filters.select(part(2.0, TIMEOUT, 3.0)) == Selection({"a": 2.0}, {"b": TIMEOUT})


def test_a_sample_of_some_points_passes_untouched_where_nothing_is_on_change(clock: Clock) -> None:
    some = part(1.0, None)
    assert one_point(ALWAYS, clock).select(some) is some


class Model(NamedTuple):
    """The interface's words, for one point."""

    last: Value | Bad
    at_s: float


steps = st.lists(
    st.tuples(
        st.one_of(st.integers(-5, 5).map(float), st.sampled_from([TIMEOUT, NO_LINK]), st.just("forget")),
        st.sampled_from([0.0, 1.0, 5.0, 10.0]),
    ),
    max_size=40,
)


@given(steps, st.sampled_from([0.0, 1.0, 2.5]), st.booleans(), st.sampled_from([0.0, 1.0, 3.0, 20.0]), st.booleans())
def test_a_point_is_reported_as_the_model_says(
    steps: list[tuple[float | Bad | str, float]], deadband: float, relative: bool, interval_s: float, on_change: bool
) -> None:
    heartbeat_s, now_s = 10.0, 0.0
    group = PointGroup("d", 0.0, ("a",), ("float",))
    rule = Rule(on_change, deadband, relative, heartbeat_s, interval_s)
    report = GroupReport(group, {"a": rule})
    model: Model | None = None
    for value, passed_s in steps:
        now_s += passed_s
        if isinstance(value, str):
            report.forget()
            model = None
            continue
        due = model is None or not on_change or now_s - model.at_s >= heartbeat_s
        if model is not None and now_s - model.at_s < interval_s:
            due = isinstance(value, Bad) != isinstance(model.last, Bad)
        elif model is not None and not due:
            if isinstance(value, Bad) or isinstance(model.last, Bad):
                due = value != model.last
            else:
                width = deadband * abs(float(model.last)) if relative else deadband
                due = value != model.last and abs(value - float(model.last)) > width
        selection = report.select(sample(value), now_s)
        if due:
            model = Model(value, now_s)
            assert selection == (Selection({}, {"a": value}) if isinstance(value, Bad) else Selection({"a": value}, {}))
        else:
            assert selection is None


def test_a_rule_takes_each_setting_from_the_nearest_level_that_has_it() -> None:
    point, device = ReportConfig(deadband=2.5), ReportConfig.model_validate({"on_change": True, "heartbeat": "5s"})
    assert resolve(point, device, ReportSection()) == Rule(
        on_change=True, deadband=2.5, relative=False, heartbeat_s=5.0
    )
    assert resolve(None, None, ReportSection()) == ALWAYS
    assert resolve() == ALWAYS
    assert resolve(ReportConfig(on_change=False), device, ReportSection()).on_change is False


@pytest.mark.parametrize(("written", "share"), [("2%", 0.02), ("0.5%", 0.005), ("100%", 1.0)])
def test_a_percentage_is_a_share_of_the_last_value(written: str, share: float) -> None:
    found = resolve(ReportConfig(deadband=written))
    assert found.relative
    assert found.deadband == pytest.approx(share)


def test_a_point_may_take_back_a_percentage() -> None:
    assert resolve(ReportConfig(deadband=0.0), ReportConfig(deadband="2%")) == ALWAYS


def test_an_interval_can_be_set_at_every_level() -> None:
    device = ReportConfig.model_validate({"interval": "1min"})
    assert resolve(None, device, ReportSection()).interval_s == 60.0
    assert resolve(ReportConfig.model_validate({"interval": "0s"}), device, ReportSection()) == ALWAYS


every = ALWAYS._replace(interval_s=10.0)


@pytest.mark.parametrize("on_change", [True, False])
@given(
    st.sampled_from([0.1, 0.3, 0.5, 1.0, 2.0, 2.5]),
    st.integers(1, 12),
    st.lists(st.floats(-0.24, 0.24), min_size=60, max_size=60),
)
def test_however_polls_jitter_one_in_so_many_is_reported(
    on_change: bool, every_s: float, polls: int, jitter: list[float]
) -> None:
    group = PointGroup("d", every_s, ("a",), ("float",))
    rule = Rule(on_change, 0.0, False, 600.0, round(polls * every_s, 3))
    report = GroupReport(group, {"a": rule})
    told = [
        at for at, off in enumerate(jitter) if report.select(sample(float(at)), 1000 + (at + off) * every_s) is not None
    ]
    assert told == list(range(0, 60, polls))


@pytest.mark.parametrize(
    ("interval_s", "every_s", "wanted_s"),
    [
        (10.0, 1.0, 9.5),
        (10.4, 1.0, 10.4),
        (10.9, 1.0, 10.5),
        (0.3, 0.1, 0.25),
        (10.0, 0.0, 10.0),
        (0.1, 10.0, 0.1),
        (7.0, 10.0, 5.0),
        (0.0, 1.0, 0.0),
    ],
)
def test_a_poll_that_is_a_little_early_counts_and_the_one_before_it_does_not(
    interval_s: float, every_s: float, wanted_s: float
) -> None:
    assert quiet_s(interval_s, every_s) == pytest.approx(wanted_s)


def test_the_newest_value_is_told_when_the_interval_is_over(clock: Clock) -> None:
    filters = one_point(every, clock)
    told_values = []
    for value in range(21):
        told_values.append(told(filters, value))
        clock.now_s += 1.0
    assert [each for each in told_values if each] == [{"a": 0}, {"a": 10}, {"a": 20}]


def test_a_point_that_turns_bad_or_good_again_does_not_wait_for_the_interval(clock: Clock) -> None:
    filters = one_point(every, clock)
    told(filters, 1.0)
    assert told(filters, TIMEOUT) == {"a": TIMEOUT}
    assert told(filters, NO_LINK) is None, "another reason is no turn"
    assert told(filters, 2.0) == {"a": 2.0}
    clock.now_s += 9.0
    assert told(filters, 3.0) is None


def test_a_change_within_the_interval_that_was_taken_back_is_not_told(clock: Clock) -> None:
    filters = one_point(rule(interval_s=10.0), clock)
    assert [told(filters, value) for value in (1.0, 2.0)] == [{"a": 1.0}, None]
    clock.now_s += 10.0
    assert told(filters, 1.0) is None
    assert told(filters, 2.0) == {"a": 2.0}


def test_an_envelope_holds_only_the_points_whose_interval_is_over(clock: Clock) -> None:
    filters = ReportFilter(lambda _, point: {"a": every, "b": rule(), "c": ALWAYS}[point], clock)
    assert told(filters, 1.0, 2.0, 3.0) == {"a": 1.0, "b": 2.0, "c": 3.0}
    clock.now_s += 1.0
    assert told(filters, 9.0, 9.0, 3.0) == {"b": 9.0, "c": 3.0}
    clock.now_s += 9.0
    assert told(filters, 9.0, 9.0, 3.0) == {"a": 9.0, "c": 3.0}


def test_after_a_gap_nothing_waits_for_its_interval(clock: Clock) -> None:
    filters = one_point(every, clock)
    told(filters, 1.0)
    filters.forget()
    assert told(filters, 1.0) == {"a": 1.0}
    assert told(filters, 1.0) is None


def test_a_wish_holds_at_once_and_until_it_is_replaced(clock: Clock) -> None:
    filters = one_point(ALWAYS, clock)
    untouched = sample(1.0)
    assert filters.select(untouched) is untouched
    filters.wish({"": 10.0})
    assert [told(filters, value) for value in (1.0, 2.0)] == [{"a": 1.0}, None]
    filters.wish({"": 1.0})
    assert told(filters, 2.0) is None, "what was told before the wish counts"
    clock.now_s += 1.0
    assert told(filters, 2.0) == {"a": 2.0}
    filters.wish({})
    assert filters.select(untouched) is untouched


def test_a_wish_for_a_device_goes_before_the_one_for_all_and_both_before_the_configuration(clock: Clock) -> None:
    filters = one_point(every, clock)
    other = Sample(PointGroup("other", 1.0, ("a",), ("float",)), 0, (1.0,))
    filters.wish({"": 1.0, "other": 5.0})
    assert (told(filters, 1.0), filters.select(other)) == ({"a": 1.0}, Selection({"a": 1.0}, {}))
    clock.now_s += 1.0
    assert (told(filters, 1.0), filters.select(other)) == ({"a": 1.0}, None)
    clock.now_s += 4.0
    assert filters.select(other) == Selection({"a": 1.0}, {})
    filters.wish({"other": 0.0})
    assert told(filters, 1.0) is None, "as configured: 10 s"
    assert filters.select(other) is other


def test_a_wish_leaves_on_change_as_it_is(clock: Clock) -> None:
    filters = one_point(rule(), clock)
    assert told(filters, 1.0) == {"a": 1.0}
    filters.wish({"": 0.0})
    assert [told(filters, value) for value in (1.0, 2.0)] == [None, {"a": 2.0}]
