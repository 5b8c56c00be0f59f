"""The bounded room in memory."""

import pytest

from gateway.outbox import staging
from gateway.outbox.entry import Entry
from gateway.outbox.staging import STAGING_BYTES, STAGING_ENVELOPES, Staging


def entry(number: int, size: int = 1, kind: str = "reading") -> Entry:
    return Entry(number, 1, number, kind, "d", 0, bytes(size))


def test_the_last_envelope_that_fits_costs_nothing() -> None:
    room = Staging(drop_newest=False)
    assert [room.add(entry(number)) for number in range(STAGING_ENVELOPES)] == [None] * STAGING_ENVELOPES
    assert len(room) == STAGING_ENVELOPES


@pytest.mark.parametrize(("drop_newest", "lost"), [(False, 0), (True, STAGING_ENVELOPES)])
def test_one_envelope_too_many_costs_the_oldest_or_the_newest(drop_newest: bool, lost: int) -> None:
    room = Staging(drop_newest=drop_newest)
    for number in range(STAGING_ENVELOPES):
        room.add(entry(number))
    victim = room.add(entry(STAGING_ENVELOPES))
    assert victim is not None
    assert victim.id == lost
    assert len(room) == STAGING_ENVELOPES


def test_the_last_byte_that_fits_costs_nothing_and_one_more_does() -> None:
    room = Staging(drop_newest=False)
    assert room.add(entry(1, STAGING_BYTES - 1)) is None
    assert room.add(entry(2, 1)) is None
    assert room.bytes == STAGING_BYTES
    victim = room.add(entry(3, 1))
    assert victim is not None
    assert victim.id == 1
    assert room.bytes == 2


@pytest.mark.parametrize("drop_newest", [False, True])
def test_what_is_no_reading_never_makes_room_before_a_reading(
    drop_newest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 3)
    room = Staging(drop_newest=drop_newest)
    for number, kind in enumerate(("result", "reading", "gap")):
        room.add(entry(number, kind=kind))
    victim = room.add(entry(3, kind="status"))
    assert victim is not None
    assert victim.id == 1
    assert room.add(entry(4, kind="status")) is None, "with nothing but results there is nothing to lose"
    assert [waiting.id for waiting in room] == [0, 2, 3, 4]


def test_what_could_not_be_committed_waits_before_what_came_since() -> None:
    room = Staging(drop_newest=False)
    for number in (1, 2):
        room.add(entry(number, 10))
    batch = room.take()
    assert (len(room), room.bytes) == (0, 0)
    room.add(entry(3, 10))
    room.put_back(batch.values())
    assert [waiting.id for waiting in room] == [1, 2, 3]
    assert room.bytes == 30
    assert room.oldest is not None
    assert room.oldest.id == 1


def test_an_envelope_can_be_forgotten_once() -> None:
    room = Staging(drop_newest=False)
    room.add(entry(1, 10))
    assert room.remove(1)
    assert not room.remove(1)
    assert room.bytes == 0
    assert room.oldest is None
