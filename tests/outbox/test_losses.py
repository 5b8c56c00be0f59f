"""Losses become as few gaps as can tell them."""

from gateway.model import Gap, GapReason
from gateway.outbox.losses import Losses


def gap(
    seq: int | None, reason: GapReason = GapReason.FULL, device: str | None = "d", session: int | None = None
) -> Gap:
    return Gap(reason, 1, seq, seq, 1000 + (seq or 0), 1000 + (seq or 0), device, session)


def test_losses_of_one_reason_and_session_are_one_gap() -> None:
    losses = Losses()
    for seq in (7, 5, 6):
        losses.add(gap(seq))
    assert losses.take() == [Gap(GapReason.FULL, 3, 5, 7, 1005, 1007, "d")]


def test_reasons_and_sessions_are_told_apart() -> None:
    losses = Losses()
    losses.add(gap(1))
    losses.add(gap(2, GapReason.EXPIRED))
    losses.add(gap(3, session=9))
    assert [(one.reason, one.lost_session) for one in losses.take()] == [
        (GapReason.FULL, None),
        (GapReason.EXPIRED, None),
        (GapReason.FULL, 9),
    ]


def test_a_gap_over_several_devices_names_none() -> None:
    losses = Losses()
    losses.add(gap(1, device="a"))
    losses.add(gap(2, device="b"))
    assert losses.take()[0].device is None


def test_a_gap_is_told_once_and_counted_for_ever() -> None:
    losses = Losses()
    losses.add(gap(1))
    assert losses
    losses.take()
    assert not losses
    assert losses.take() == []
    losses.add(gap(2))
    assert losses.total == {GapReason.FULL: 2}


def test_a_range_that_was_never_assigned_does_not_hide_one_that_was() -> None:
    losses = Losses()
    losses.add(gap(None))
    losses.add(gap(4))
    assert (losses.take()[0].first_seq, losses.take()) == (4, [])
