"""The bounded room in memory."""

from collections.abc import Iterable

import pytest

from gateway.outbox import staging
from gateway.outbox.entry import Entry
from gateway.outbox.staging import STAGING_BYTES, STAGING_ENVELOPES, Staging


def entry(number: int, size: int = 1, kind: str = "reading", device: str = "d") -> Entry:
    return Entry(number, 1, number, kind, device, 0, bytes(size))


def ids(entries: Iterable[Entry] | None) -> list[int]:
    return [entry.id for entry in entries or ()]


def test_the_last_envelope_that_fits_costs_nothing() -> None:
    room = Staging(drop_newest=False)
    assert [room.add(entry(number)) for number in range(STAGING_ENVELOPES)] == [None] * STAGING_ENVELOPES
    assert len(room) == STAGING_ENVELOPES


@pytest.mark.parametrize(("drop_newest", "lost"), [(False, 0), (True, STAGING_ENVELOPES)])
def test_one_envelope_too_many_costs_the_oldest_or_the_newest(drop_newest: bool, lost: int) -> None:
    room = Staging(drop_newest=drop_newest)
    for number in range(STAGING_ENVELOPES):
        room.add(entry(number))
    assert ids(room.add(entry(STAGING_ENVELOPES))) == [lost]
    assert len(room) == STAGING_ENVELOPES


def test_the_last_byte_that_fits_costs_nothing_and_one_more_does() -> None:
    room = Staging(drop_newest=False)
    assert room.add(entry(1, STAGING_BYTES - 1)) is None
    assert room.add(entry(2, 1)) is None
    assert room.bytes == STAGING_BYTES
    assert ids(room.add(entry(3, 1))) == [1]
    assert room.bytes == 2


def test_a_large_envelope_costs_as_many_as_it_takes() -> None:
    room = Staging(drop_newest=False)
    for number in range(10):
        room.add(entry(number, STAGING_BYTES // 10))
    assert ids(room.add(entry(10, STAGING_BYTES // 2))) == [0, 1, 2, 3, 4]
    assert room.bytes <= STAGING_BYTES


def test_an_envelope_larger_than_the_room_costs_itself_in_the_end() -> None:
    room = Staging(drop_newest=False)
    room.add(entry(1))
    assert ids(room.add(entry(2, STAGING_BYTES + 1))) == [1, 2]
    assert (len(room), room.bytes) == (0, 0)


@pytest.mark.parametrize("drop_newest", [False, True])
def test_room_is_made_by_readings_then_states_then_gaps_and_by_results_last(
    drop_newest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 6)
    room = Staging(drop_newest=drop_newest)
    for number, kind in enumerate(("result", "gap", "birth", "status", "reading", "gap")):
        room.add(entry(number, kind=kind))
    left = [ids(room.add(entry(number, kind="result")))[0] for number in range(6, 13)]
    assert left == [4, 2, 3, 1, 5, 0, 6]
    assert ids(room) == [7, 8, 9, 10, 11, 12]


def test_a_state_that_a_newer_one_has_superseded_goes_before_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 4)
    room = Staging(drop_newest=False)
    room.add(entry(0))
    for number, device in enumerate("abaa", start=1):
        room.add(entry(number, kind="status", device=device))
    assert sorted(ids(room)) == [0, 2, 3, 4]
    assert ids(room.add(entry(5))) == [3]
    assert ids(room.add(entry(6))) == [0]


def test_what_comes_back_leaves_no_more_than_the_room_and_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 4)
    room = Staging(drop_newest=False)
    for number, kind in enumerate(("status", "reading", "result", "reading")):
        room.add(entry(number, kind=kind))
    batch = room.take(10**9)
    assert list(batch) == [0, 1, 2, 3]
    for number, kind in enumerate(("status", "reading", "gap"), start=4):
        room.add(entry(number, kind=kind))
    assert ids(room.put_back(batch.values())) == [0, 1, 3]
    assert sorted(ids(room)) == [2, 4, 5, 6]


def test_what_could_not_be_committed_waits_before_what_came_since() -> None:
    room = Staging(drop_newest=False)
    for number in (1, 2):
        room.add(entry(number, 10))
    batch = room.take(10**9)
    assert (len(room), room.bytes) == (0, 0)
    room.add(entry(3, 10))
    room.put_back(batch.values())
    assert ids(room) == [1, 2, 3]
    assert room.bytes == 30
    assert room.oldest is not None
    assert room.oldest.id == 1


def test_an_envelope_can_be_forgotten_once() -> None:
    room = Staging(drop_newest=False)
    room.add(entry(1, 10))
    assert room.remove(entry(1))
    assert not room.remove(entry(1))
    assert room.bytes == 0
    assert room.oldest is None
