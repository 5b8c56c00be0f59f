"""Numbers as devices write them."""

from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.serial.simulator.forge.numerals import MAX_DECIMALS, Style, styles
from tests.support.examples import examples


@pytest.mark.parametrize(("like", "number", "expected"), [
    ("12.34", "7.5", "7.50"),
    ("12.34", "-7.5", "-7.50"),
    ("+12.3", "4", "+4.0"),
    ("+12.3", "-4", "-4.0"),
    ("   12.34", "7.5", "    7.50"),
    ("   12.34", "-7.5", "   -7.50"),
    ("+  12.3", "7.5", "+   7.5"),
    ("-  12.3", "7.5", "    7.5"),
    ("12.3   ", "7.5", "7.5    "),
    ("001234", "56", "000056"),
    ("0012.34", "5.678", "0005.68"),
    ("-0012.3", "-5", "-0005.0"),
    ("42", "7", "7"),
    ("0.5", "7", "7.0"),
])  # fmt: skip
def test_the_likeliest_way_is_that_of_the_example(like: str, number: str, expected: str) -> None:
    wanted = Fraction(number)
    assert next(styles(wanted, like)).text(wanted, ".", 10) == expected


@pytest.mark.parametrize(("base", "number", "expected"), [(16, 255, "FF"), (2, 5, "101"), (8, 8, "10"), (10, -3, "-3")])
def test_whole_numbers_are_written_in_their_base(base: int, number: int, expected: str) -> None:
    assert Style().text(Fraction(number), ".", base) == expected


def test_decimals_may_stand_behind_a_comma() -> None:
    assert Style(2).text(Fraction("1234.5"), ",", 10) == "1234,50"


@pytest.mark.parametrize("number", ["-0.04", "0", "0.04"])
def test_what_is_rounded_to_zero_has_no_minus(number: str) -> None:
    assert Style(1).text(Fraction(number), ".", 10) == "0.0"


@settings(max_examples=examples(30))
@given(st.decimals(-(10**8), 10**8, places=4), st.sampled_from(["", "1", "12.345", "+001.2", "  -5.0", "x"]))
def test_what_is_not_rounded_reads_the_same(number: object, like: str) -> None:
    wanted = Fraction(str(number))
    for style in islice(styles(wanted, like), 40):
        text = style.text(wanted, ".", 10).replace(" ", "")
        step = Fraction(1, 10 ** (MAX_DECIMALS if style.decimals is None else style.decimals))
        assert abs(Fraction(text) - wanted) <= step / 2
