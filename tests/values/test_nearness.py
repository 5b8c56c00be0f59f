"""What was read back is what was written, to within a tolerance as people write it."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.values import near


@given(st.integers(-(10**9), 10**9), st.integers(-9, 9), st.integers(0, 9), st.integers(0, 4))
def test_a_tolerance_of_decimals_is_meant_in_decimals(raw: int, off: int, tolerance: int, places: int) -> None:
    written, found, allowed = (float(f"{number}e-{places}") for number in (raw, raw + off, tolerance))
    assert near(written, found, allowed) == (abs(off) <= tolerance)


@given(st.integers(-(2**63), 2**64 - 1), st.integers(-3, 3), st.integers(0, 3))
def test_long_whole_numbers_are_compared_exactly(written: int, off: int, tolerance: int) -> None:
    assert near(written, written + off, tolerance) == (abs(off) <= tolerance)


@given(st.text() | st.booleans(), st.text() | st.booleans())
def test_text_and_truth_are_equal_or_not(written: str | bool, found: str | bool) -> None:
    assert near(written, found, 1e9) == (written == found)


def test_nothing_is_near_to_nothing() -> None:
    assert not near(1, None, 1e9)
