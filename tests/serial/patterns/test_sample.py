from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.serial.patterns import compiled, sample
from tests.serial.patterns.written import PATTERNS
from tests.support.examples import examples

SCALE = r"^(?P<status>ST|US),(?P<kind>GS|NT),\s*(?P<weight>[-+]?\d+\.\d+)\s*kg$"


def test_a_text_with_these_texts_as_its_groups() -> None:
    assert sample(SCALE, {"status": "US", "weight": "-12.5"}) == "US,GS,-12.5kg"


@pytest.mark.parametrize(
    ("pattern", "groups", "text"),
    [
        (r"A(?:x(?P<g>\d+))?", {"g": "5"}, "Ax5"),
        (r"A(?:x(?P<g>\d+))?", {}, "A"),
        (r"(?:A(?P<g>\d)|B(?P<h>\d))", {"h": "5"}, "B5"),
        (r"^\Qa.b\E\x21[[:digit:]][^]a-]{2}$", {}, "a.b!111"),
        (r"(?i)^t=(?P<t>\d)$", {"t": "7"}, "T=7"),
    ],
)
def test_the_shortest_way_through_a_pattern(pattern: str, groups: dict[str, str], text: str) -> None:
    assert sample(pattern, groups) == text


def test_a_text_that_does_not_fit_its_group_gives_none() -> None:
    assert sample(SCALE, {"weight": "heavy"}) is None
    assert sample(SCALE, {"nothing": "1"}) is None
    assert sample(r"\pL", {}) is None


def test_what_would_be_longer_than_any_frame_is_given_up() -> None:
    assert sample("(a{1000})(?:b{1000})", {}) == "a" * 1000 + "b" * 1000
    assert sample("a{1000}" * 11, {}) is None


def test_choices_within_choices_take_no_longer() -> None:
    assert sample("(?:" * 60 + "a" + "|b1)" * 60, {}) == "a"


def test_characters_beyond_single_bytes() -> None:
    assert sample("^(?P<t>.+)°C$", {"t": "→"}, "utf-8") == "→°C"
    assert sample("^(?P<t>.+)C$", {"t": "→"}, "latin-1") is None


@settings(max_examples=examples(50))
@given(PATTERNS)
def test_a_sample_fits_its_pattern(pattern: str) -> None:
    text = sample(pattern, {})
    assert text is None or compiled(pattern).search(text.encode("latin-1")) is not None


@settings(max_examples=examples(50))
@given(st.integers(-(10**6), 10**6), st.sampled_from(["ST", "US"]))
def test_what_is_written_is_read(grams: int, status: str) -> None:
    weight = f"{grams / 1000:.3f}"
    text = sample(SCALE, {"weight": weight, "status": status})
    assert text is not None
    groups = compiled(SCALE).groups(text.encode())
    assert groups is not None
    assert (groups["weight"], groups["status"]) == (weight, status)
