"""Durations, sizes and rates as people write them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.units import UnitError, format_duration, parse_duration, parse_rate, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("1s", 1), ("1.5min", 90), ("2h", 7200), ("30d", 2_592_000), ("0s", 0), ("999999999d", 8.64e13)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "s", "1 s", "-1s", "1e3s", "\u0661s", "1s\n", "9" * 13 + "s", "9" * 400 + "s", True, None, 5]
)
def test_anything_else_is_none(text: Any) -> None:
    with pytest.raises(UnitError):
        parse_duration(text)


def test_a_bare_number_is_told_its_unit() -> None:
    with pytest.raises(UnitError, match="5 has no unit - did you mean '5s'"):
        parse_duration(5)
    with pytest.raises(UnitError, match="300 has no unit - did you mean '300s' or '300ms'"):
        parse_duration(300)


def test_blanks_before_a_unit_are_told() -> None:
    with pytest.raises(UnitError, match="must be a duration, without blanks: 2s"):
        parse_duration("2 s")


@given(st.integers(0, 10**9 - 1), st.sampled_from(["ms", "s", "min", "h", "d"]))
def test_what_is_formatted_is_read_back(number: int, unit: str) -> None:
    seconds = parse_duration(f"{number}{unit}")
    assert math.isclose(parse_duration(format_duration(seconds)), seconds)


def test_sizes_and_rates_carry_their_units() -> None:
    assert parse_size("64KiB") == 65_536
    assert parse_rate("2.5/s") == 2.5
    for wrong in ("64", "64KB", "1.5MiB", "9" * 13 + "B"):
        with pytest.raises(UnitError):
            parse_size(wrong)
