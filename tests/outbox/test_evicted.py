"""What is told of rows that had to go."""

from gateway.endpoints.payload import encoder_for
from gateway.model import Gap, GapReason
from gateway.outbox.evicted import Evicted, told_again
from gateway.outbox.losses import Move

WORD = (
    b'{"v":1,"kind":"gap","session":7,"seq":%d,"reason":"full","count":2,"from":1,"to":2,'
    b'"first":"1970-01-01T00:00:35.000Z","last":"1970-01-01T00:00:36.000Z"}'
)


def evicted(seq: int, session: int = 7) -> Evicted:
    return Evicted(session * 10**6 + seq, session, seq, 40_000, 300, WORD % seq)


def gap(shift_ms: int, lost_session: int | None = None) -> Gap:
    return Gap(GapReason.FULL, 2, 1, 2, 35_000 + shift_ms, 36_000 + shift_ms, None, lost_session)


def test_a_gap_that_goes_is_told_again() -> None:
    assert told_again([evicted(3)], 7) == [gap(0)]
    assert told_again([evicted(3)], 8) == [gap(0, 7)]


def test_what_it_told_by_a_wrong_clock_is_told_by_the_right_one() -> None:
    move = Move(50_000, now_ms=10**9, before_seq=4)
    assert told_again([evicted(3)], 7, move) == [gap(50_000)]
    assert told_again([evicted(4)], 7, move) == [gap(0)]
    assert told_again([evicted(3)], 8, move) == [gap(0, 7)]


def test_a_gap_that_was_an_event_is_told_again_too() -> None:
    encoder = encoder_for("cloudevents", "gw", "cloud", 7)
    lost = Evicted(7 * 10**6 + 3, 7, 3, 40_000, 300, encoder.gap(3, 40_000, gap(0)))
    assert told_again([lost], 7) == [gap(0)]
    assert told_again([lost], 8) == [gap(0, 7)]
