"""A rate is of what came since the last look."""

from gateway.rate import Rate


def test_it_counts_from_the_start_and_then_from_each_look() -> None:
    rate = Rate(100.0)
    assert rate.look(50, 110.0) == 5.0
    assert rate.look(50, 120.0) == 0.0
    assert rate.look(53, 122.0) == 1.5


def test_two_looks_at_one_moment_see_the_same() -> None:
    rate = Rate(100.0)
    assert rate.look(0, 100.0) == 0.0
    assert rate.look(10, 102.0) == 5.0
    assert rate.look(10, 102.0) == 5.0
    assert rate.look(12, 103.0) == 2.0
