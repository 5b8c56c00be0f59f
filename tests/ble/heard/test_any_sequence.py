"""For any sequence of advertisements: nothing is invented, nothing is told too often, and every change is told."""

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Bad, BadReason, Sample, Value
from tests.ble.heard.setup import ear

EVERY_S, STALE_S = 10.0, 45.0
PERIODS: dict[str, Any] = {"every": f"{EVERY_S}s", "stale_after": f"{STALE_S}s"}
POINTS = ("temperature", "humidity", "battery")
STALE = Bad(BadReason.STALE)


class Heard(NamedTuple):
    """What is said, and how long after what was before."""

    said: dict[str, Any]
    after_s: float


packets = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([20.0, 20.5, 21.0]),
        "humidity": st.sampled_from([40.0, 50.0]),
        "battery": st.sampled_from([90, 89]),
    },
)
pauses = st.sampled_from([0.1, 1.0, 5.0, 9.9, 10.0, 44.0, 46.0, 200.0])
sequences = st.lists(st.builds(Heard, packets, pauses), max_size=40)


@given(sequences)
def test_all_that_is_said_is_told_when_it_changes_and_else_no_more_often_than_it_may_be(sequence: list[Heard]) -> None:
    tag = ear(points=dict.fromkeys(POINTS), **PERIODS)
    said_s = dict.fromkeys(POINTS, tag.now_s)
    told: dict[str, tuple[Value | Bad, float]] = {}
    for said, after_s in sequence:
        for name, silent in tag.pass_(after_s).items():
            assert silent == STALE
            assert told.get(name, (None, 0.0))[0] != STALE
            assert tag.now_s - said_s[name] >= STALE_S
            told[name] = (silent, tag.now_s)
        for name, new in tag.hear(**said).items():
            assert new == said[name]
            assert told.get(name, (None, 0.0))[0] != new or tag.now_s - told[name][1] >= EVERY_S
            told[name] = (new, tag.now_s)
        said_s |= dict.fromkeys(said, tag.now_s)
        assert {name: told[name][0] for name in said} == said
        assert all(tag.now_s - told[name][1] < EVERY_S for name in said)


floods = st.lists(st.builds(Heard, packets, st.sampled_from([0.0, 0.001, 0.02, 0.3, 1.1])), max_size=120)


@given(floods)
def test_in_a_flood_what_is_told_was_said_and_the_newest_packet_is(sequence: list[Heard]) -> None:
    tag = ear(points=dict.fromkeys(POINTS), **PERIODS)
    newest: dict[str, Value] = {}
    last: dict[str, Value | Bad] = {}
    for said, after_s in sequence:
        tag.now_s += after_s
        newest = said
        last |= tag.hear(**said)
    last |= tag.pass_(2.0)
    assert {name: last[name] for name in newest} == newest
    assert tag.counters.adverts == len(sequence)


@given(sequences)
def test_no_sample_tells_nothing_or_is_partial_without_need(sequence: list[Heard]) -> None:
    tag = ear(points=dict.fromkeys([*POINTS, "rssi", "present", "button"]), **PERIODS)
    for said, after_s in sequence:
        tag.pass_(after_s)
        tag.hear(**said)
    for sample in [item for item in tag.items if isinstance(item, Sample)]:
        assert not sample.is_empty
        assert sample.partial == (len(list(sample.told())) < len(sample.group.points))


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_garbage_is_never_a_value_and_never_an_exception(packets: list[bytes]) -> None:
    tag = ear(points=dict.fromkeys(POINTS))
    for number, data in enumerate(packets):
        tag.now_s += 1.0
        assert tag.hear(b"\x00" + bytes([number]) + data) == {}
