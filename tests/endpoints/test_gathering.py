"""Readings that wait for company: order kept, bounds held, nothing lost."""

import json
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.mqtt.batch import BRACKETS_BYTES, Batch, Gathering, Groups
from gateway.endpoints.payload import content_type_of, encoder_for

MAX_BYTES = 60
MAX_AGE_S = 10.0


def envelope(token: int, size: int) -> bytes:
    """A JSON text of so many bytes that names its token."""
    return json.dumps({"token": token, "x": ""}).encode().replace(b'""', b'"%b"' % (b"x" * size))


def everything(gathering: Gathering) -> list[Batch]:
    gathering.hurry()
    return all_of(gathering, 0.0)


def all_of(gathering: Gathering, now_s: float) -> list[Batch]:
    return list(iter(lambda: gathering.take(now_s), None))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 50)),
        st.tuples(st.just("take"), st.integers(0, 6)),
        st.tuples(st.just("hurry"), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 5))
def test_all_leave_in_order_within_bounds_and_none_before_its_time(steps: list[tuple[str, int]], most: int) -> None:
    gathering = Gathering(most, MAX_BYTES, MAX_AGE_S)
    waiting: deque[tuple[int, bytes, float]] = deque()
    added: list[int] = []
    left: list[int] = []
    now_s, urgent = 0.0, 0
    for step, number in steps:
        if step == "add":
            waiting.append((len(added), envelope(len(added), number), now_s))
            gathering.add(*waiting[-1])
            added.append(len(added))
        elif step == "hurry":
            gathering.hurry()
            urgent = len(waiting)
        else:
            now_s += number
            batch = gathering.take(now_s)
            together = BRACKETS_BYTES + sum(len(payload) for _, payload, _ in waiting) + max(0, len(waiting) - 1)
            full = len(waiting) >= most or together >= MAX_BYTES
            due = bool(waiting) and now_s >= waiting[0][2] + MAX_AGE_S
            assert (batch is not None) == bool(waiting and (full or due or urgent))
            if batch is not None:
                assert [body["token"] for body in json.loads(batch.payload)] == list(batch.tokens)
                assert len(batch.tokens) <= most
                assert len(batch.payload) <= MAX_BYTES or len(batch.tokens) == 1
                room = MAX_BYTES - len(batch.payload)
                left += [waiting.popleft()[0] for _ in batch.tokens]
                assert len(batch.tokens) == most or not waiting or room < len(waiting[0][1]) + 1, "as full as can be"
                urgent = max(0, urgent - len(batch.tokens))
        assert gathering.due_s == (waiting[0][2] + MAX_AGE_S if waiting else None)
    left += [token for batch in everything(gathering) for token in batch.tokens]
    assert left == added


def test_a_batch_that_fills_its_bytes_exactly_is_full() -> None:
    gathering = Gathering(10, BRACKETS_BYTES + 3 + 1 + 4, MAX_AGE_S)
    gathering.add(1, b"abc", 0.0)
    assert gathering.take(0.0) is None
    gathering.add(2, b"defg", 0.0)
    assert gathering.take(0.0) == Batch((1, 2), b"[abc,defg]")


def test_one_byte_less_of_room_keeps_the_second_out() -> None:
    gathering = Gathering(10, BRACKETS_BYTES + 3 + 1 + 3, MAX_AGE_S)
    gathering.add(1, b"abc", 0.0)
    gathering.add(2, b"defg", 0.0)
    assert gathering.take(0.0) == Batch((1,), b"[abc]")
    assert gathering.take(0.0) is None


def test_a_far_end_that_takes_less_bounds_the_batch() -> None:
    gathering = Gathering(10, 1000, MAX_AGE_S)
    gathering.bound(20)
    gathering.bound(500)
    for token in range(3):
        gathering.add(token, b"12345678", 0.0)
    assert gathering.take(0.0) == Batch((0, 1), b"[12345678,12345678]")


def test_what_came_after_the_hurry_waits_for_others_again() -> None:
    gathering = Gathering(2, 1000, MAX_AGE_S)
    gathering.add(1, b"1", 0.0)
    gathering.hurry()
    gathering.add(2, b"2", 0.0)
    gathering.add(3, b"3", 0.0)
    assert gathering.take(0.0) == Batch((1, 2), b"[1,2]")
    assert gathering.take(0.0) is None


def test_what_was_encoded_in_another_format_is_in_another_batch() -> None:
    plain, events = encoder_for("fieldgate", "gw", "cloud", 1), encoder_for("cloudevents", "gw", "cloud", 2)
    written = [encoder.reading(1, "d", 0, {}, {}) for encoder in (plain, plain, events, events, plain)]
    gathering = Gathering(10, 10_000, MAX_AGE_S)
    for token, payload in enumerate(written):
        gathering.add(token, payload, 0.0)

    batches = everything(gathering)

    assert [batch.tokens for batch in batches] == [(0, 1), (2, 3), (4,)]
    kinds = {content_type_of(batch.payload).rpartition("/")[2] for batch in batches}
    assert kinds == {"json", "cloudevents-batch+json"}
    for batch in batches:
        assert json.loads(batch.payload) == [json.loads(written[token]) for token in batch.tokens]


GROUP_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc"), st.integers(0, 40)),
        st.tuples(st.just("take"), st.just(""), st.integers(0, 6)),
        st.tuples(st.just("hurry"), st.sampled_from(["a", "b", "nobody", None]), st.just(0)),
    ),
    max_size=80,
)


@given(GROUP_STEPS, st.integers(1, 4), st.integers(2, 30))
def test_groups_are_kept_apart_each_in_order_and_none_waits_longer_than_it_would_alone(
    steps: list[tuple[str, str | None, int]], most: int, crowd: int
) -> None:
    groups = Groups(most, MAX_BYTES, MAX_AGE_S, crowd)
    alone = {name: Gathering(most, MAX_BYTES, MAX_AGE_S) for name in "abc"}
    now_s, token, waiting, crowded = 0.0, 0, 0, False
    for step, name, number in steps:
        if step == "add":
            assert name is not None
            payload = envelope(token, number)
            groups.add(name, token, payload, now_s)
            alone[name].add(token, payload, now_s)
            token, waiting = token + 1, waiting + 1
            if waiting >= crowd and not crowded:
                crowded = True
                for each in alone.values():
                    each.hurry()
        elif step == "hurry":
            groups.hurry(name)
            for each in alone.values() if name is None else [alone[name]] if name in alone else []:
                each.hurry()
        else:
            now_s += number
            left: dict[str, list[Batch]] = {each: [] for each in "abc"}
            while (found := groups.take(now_s)) is not None:
                left[found[0]].append(found[1])
            for group, gathering in alone.items():
                expected = all_of(gathering, now_s)
                assert left[group] == expected
                waiting -= sum(len(batch.tokens) for batch in expected)
            crowded = crowded and waiting >= crowd // 2
            dues = [due_s for gathering in alone.values() if (due_s := gathering.due_s) is not None]
            assert groups.is_empty == (not dues)
            assert (groups.due_s is None) == (not dues)
            if dues:
                assert groups.due_s is not None
                assert now_s < groups.due_s <= min(dues), "or a timer would come late, or spin"


def test_what_is_left_over_leaves_when_its_own_time_comes() -> None:
    groups = Groups(2, 1000, 10.0, 100)
    for token, now_s in enumerate((0.0, 1.0, 5.0)):
        groups.add("a", token, b"1", now_s)
    assert groups.take(6.0) == ("a", Batch((0, 1), b"[1,1]"))
    assert groups.take(14.9) is None
    assert groups.take(15.0) == ("a", Batch((2,), b"[1]"))


def test_when_a_crowd_waits_none_waits_for_others() -> None:
    groups = Groups(100, 10_000, 3600.0, 3)
    groups.add("a", 0, b"1", 0.0)
    groups.add("b", 1, b"2", 0.0)
    assert groups.take(0.0) is None
    groups.add("c", 2, b"3", 0.0)
    assert {found[0] for found in iter(lambda: groups.take(0.0), None)} == {"a", "b", "c"}
