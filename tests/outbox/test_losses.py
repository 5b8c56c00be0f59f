"""Losses become as few gaps as can tell them."""

from gateway.model import Gap, GapReason
from gateway.outbox.losses import GAP_PERIOD_S, Losses, Move


def gap(
    seq: int | None, reason: GapReason = GapReason.FULL, device: str | None = "d", session: int | None = None
) -> Gap:
    return Gap(reason, 1, seq, seq, 1000 + (seq or 0), 1000 + (seq or 0), device, session)


def test_losses_of_one_reason_and_session_are_one_gap() -> None:
    losses = Losses()
    for seq in (7, 5, 6):
        losses.add(gap(seq))
    assert losses.take(0.0) == [Gap(GapReason.FULL, 3, 5, 7, 1005, 1007, "d")]


def test_reasons_and_sessions_are_told_apart() -> None:
    losses = Losses()
    losses.add(gap(1))
    losses.add(gap(2, GapReason.EXPIRED))
    losses.add(gap(3, session=9))
    assert [(one.reason, one.lost_session) for one in losses.take(0.0)] == [
        (GapReason.FULL, None),
        (GapReason.EXPIRED, None),
        (GapReason.FULL, 9),
    ]


def test_a_gap_over_several_devices_names_none() -> None:
    losses = Losses()
    losses.add(gap(1, device="a"))
    losses.add(gap(2, device="b"))
    assert losses.take(0.0)[0].device is None


def test_a_gap_is_told_once_and_counted_for_ever() -> None:
    losses = Losses()
    losses.add(gap(1))
    assert losses
    losses.take(0.0)
    assert not losses
    assert losses.take(0.0) == []
    losses.add(gap(2))
    assert losses.total == {GapReason.FULL: 2}


def test_a_range_that_was_never_assigned_does_not_hide_one_that_was() -> None:
    losses = Losses()
    losses.add(gap(None))
    losses.add(gap(4))
    assert (losses.take(0.0)[0].first_seq, losses.take(0.0)) == (4, [])


def test_the_first_loss_of_a_reason_may_be_told_at_once_and_the_next_after_the_period() -> None:
    losses = Losses()
    assert losses.due_in_s(100.0) is None
    losses.add(gap(1))
    assert losses.due_in_s(100.0) == 0
    losses.take(100.0)
    losses.add(gap(2))
    losses.add(gap(3))
    assert losses.due_in_s(101.0) == GAP_PERIOD_S - 1
    assert losses.take(100.0 + GAP_PERIOD_S - 0.01) == []
    losses.add(gap(9, GapReason.OVERFLOW))
    assert [one.reason for one in losses.take(101.0)] == [GapReason.OVERFLOW]
    (told,) = losses.take(100.0 + GAP_PERIOD_S)
    assert (told.count, told.first_seq, told.last_seq) == (2, 2, 3)


def test_everything_may_be_asked_for() -> None:
    losses = Losses()
    losses.add(gap(1))
    losses.take(0.0)
    losses.add(gap(2))
    assert [one.first_seq for one in losses.take(1.0, everything=True)] == [2]


def test_what_this_session_lost_by_a_wrong_clock_is_told_by_the_right_one() -> None:
    losses = Losses()
    losses.add(gap(1))
    losses.add(gap(2, session=9))
    losses.move(Move(50_000, now_ms=60_000, before_seq=3))
    assert losses.take(0.0) == [
        Gap(GapReason.FULL, 1, 1, 1, 51_001, 51_001, "d"),
        Gap(GapReason.FULL, 1, 2, 2, 1002, 1002, "d", 9),
    ]


def test_so_is_what_is_counted_later_and_was_stamped_before() -> None:
    losses = Losses()
    losses.move(Move(50_000, now_ms=60_000, before_seq=3))
    losses.add(gap(2))
    losses.add(gap(2, session=9))
    assert losses.with_these([gap(1)])[0] == [
        Gap(GapReason.FULL, 2, 1, 2, 51_001, 51_002, "d"),
        Gap(GapReason.FULL, 1, 2, 2, 1002, 1002, "d", 9),
    ]
    losses.take(0.0, everything=True)
    losses.add(gap(3))
    assert losses.take(0.0, everything=True) == [gap(3)]


def test_a_loss_between_the_setting_of_the_clock_and_the_word_on_it_is_not_of_the_future() -> None:
    losses = Losses()
    losses.add(Gap(GapReason.FULL, 2, 1, 2, 1000, 99_000))
    losses.move(Move(98_000, now_ms=100_000, before_seq=3))
    assert losses.take(0.0) == [Gap(GapReason.FULL, 2, 1, 2, 99_000, 100_000)]
