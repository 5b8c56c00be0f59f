"""How far a text goes along with a pattern."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.serial.patterns import sample
from adapters.serial.patterns.reach import reach

WEIGHT = r"^(?P<status>[SD])(?P<sign>[GN]) *(?P<weight>-? *\d+\.\d) kg$"


@pytest.mark.parametrize(
    ("pattern", "text", "at"),
    [
        (WEIGHT, "SG   123.4 kg", 13),
        (WEIGHT, "SG  +123.4 kg", 4),
        (WEIGHT, "SG   123.4 kgs", 13),
        (WEIGHT, "SG   123.4", 10),
        (WEIGHT, "", 0),
        ("^(a|bc){2}$", "abd", 2),
        (r"\d+", "x", None),
        (r"^\d+", "1x", 2),
    ],
)
def test_a_text_fits_up_to_the_first_character_that_cannot_follow(pattern: str, text: str, at: int | None) -> None:
    assert reach(pattern, text) == at


def test_characters_of_several_bytes_are_one() -> None:
    assert reach("^°[CF]$", "°K", "utf-8") == 1


@given(st.text("SDGN0123456789.- kgx", max_size=20))
def test_what_fits_goes_to_its_end_and_what_goes_on_can_fit(text: str) -> None:
    reached = reach(WEIGHT, text)
    assert reached is not None
    if re.search(WEIGHT, text):
        assert reached == len(text)
    assert reach(WEIGHT, text[:reached]) == reached


def test_what_was_made_for_a_pattern_goes_along_with_it() -> None:
    made = sample(WEIGHT, {"weight": "-1.5"})
    assert made is not None
    assert reach(WEIGHT, made) == len(made)
