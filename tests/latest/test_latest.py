"""What is known of each point, also where samples speak of some of their points only."""

from collections.abc import Mapping

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.payload import Encoder
from gateway.latest import Latest, Reading, readings
from gateway.model import Bad, BadReason, PointGroup, Sample, Value
from gateway.report import ReportFilter, Rule, Selection

POINTS = ("a", "b", "c")
GROUP = PointGroup("d", 0.0, POINTS, ("float", "float", "float"))
STALE = Bad(BadReason.STALE)

ON_CHANGE = Rule(on_change=True, deadband=0.0, relative=False, heartbeat_s=1e9)


def sample(time_ms: int, told: Mapping[str, Value | Bad], *, partial: bool = True) -> Sample:
    bad = {name: each for name, each in told.items() if isinstance(each, Bad)}
    values = tuple(None if isinstance(each := told.get(name), Bad) else each for name in POINTS)
    return Sample(GROUP, time_ms, values, bad, partial)


def test_what_is_not_told_keeps_the_reading_that_it_had_and_its_time() -> None:
    latest = Latest()
    latest.put(sample(1, {"a": 1.0, "b": 2.0}))
    latest.put(sample(2, {"b": 3.0}))
    assert latest.of("d") == {"a": Reading(1, 1.0), "b": Reading(2, 3.0)}


def test_what_is_known_is_told_in_a_sample_for_each_time_the_oldest_first() -> None:
    latest = Latest()
    for each in (sample(1, {"a": 1.0, "b": 2.0}), sample(2, {"b": 3.0}), sample(3, {"c": STALE})):
        latest.put(each)
    assert latest.samples() == [sample(1, {"a": 1.0}), sample(2, {"b": 3.0}), sample(3, {"c": STALE})]


def test_a_whole_sample_is_all_that_is_known() -> None:
    latest = Latest()
    latest.put(sample(1, {"a": 1.0}))
    whole = sample(2, dict.fromkeys(POINTS, STALE), partial=False)
    latest.put(whole)
    assert latest.samples() == [whole]
    latest.put(sample(3, {"a": 4.0}))
    assert latest.of("d") == {"a": Reading(3, 4.0), "b": Reading(2, None, STALE), "c": Reading(2, None, STALE)}


def test_who_watches_sees_samples_as_they_came() -> None:
    latest = Latest()
    with latest.watched(lambda: None) as watch:
        latest.put(sample(1, {"a": 1.0}))
        latest.put(sample(2, {"b": 1.0}))
        assert watch.take() == [sample(1, {"a": 1.0}), sample(2, {"b": 1.0})]


readings_of = st.one_of(st.integers(-2, 2).map(float), st.sampled_from([STALE, Bad(BadReason.DECODE_ERROR)]))
parts = st.dictionaries(st.sampled_from(POINTS), readings_of, min_size=1).map(lambda told: (told, True))
wholes = st.fixed_dictionaries(dict.fromkeys(POINTS, readings_of)).map(lambda told: (told, False))


@given(st.lists(st.one_of(parts, wholes), max_size=20))
def test_no_value_is_invented_or_lost_on_any_way(told: list[tuple[dict[str, Value | Bad], bool]]) -> None:
    latest, encoder = Latest(), Encoder("gw", "cloud", 1)
    changes = ReportFilter(lambda *_: ON_CHANGE, lambda: 0.0)
    known: dict[str, object] = {}
    model: dict[str, tuple[int, Value | Bad]] = {}
    for time_ms, (points, partial) in enumerate(told):
        item = sample(time_ms, points, partial=partial)
        assert dict(item.told()) == points
        latest.put(item)
        assert _decoded(encoder.sample(1, item)) == _plain(points)
        chosen = changes.select(item)
        if isinstance(chosen, Selection):
            known |= _decoded(encoder.reading(1, "d", time_ms, chosen.values, chosen.bad))
        model |= {name: (time_ms, each) for name, each in points.items()}
    assert {name: (each.time_ms, each.bad or each.value) for name, each in latest.of("d").items()} == model
    assert dict(pair for each in latest.samples() for pair in readings(each)) == latest.of("d")
    assert known == _plain({name: each for name, (_, each) in model.items()})


def _decoded(payload: bytes) -> dict[str, object]:
    envelope = msgspec.json.decode(payload)
    return {**envelope["values"], **{name: why["reason"] for name, why in envelope.get("bad", {}).items()}}


def _plain(told: Mapping[str, Value | Bad]) -> dict[str, object]:
    return {name: each.reason.value if isinstance(each, Bad) else each for name, each in told.items()}
