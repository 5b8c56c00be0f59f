from __future__ import annotations

import time

import pytest
from hypothesis import given, settings

from adapters.serial.patterns import Overlaps, compiled, overlap
from tests.serial.patterns.written import PATTERNS, TEXTS
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        (r"^(?P<s>ST|US),(?P<w>\d+\.\d+)kg$", "^ST", "ST,1.1kg"),
        (r"^A\d$", r"^[A-C]", "A1"),
        ("(?i)^abc", "^ABC$", "ABC"),
        (r"^x{2,3}$", "^xxx", "xxx"),
        ("a", "b", "ba"),
        (r"\bfoo\b", "foo$", "foo"),
    ],
)
def test_a_text_that_fits_both(one: str, other: str, text: str) -> None:
    assert overlap(one, other) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"^A\d$", r"^B\d$"),
        (r"^a{3}$", r"^a{4}$"),
        ("^$", "a"),
        (r"^\d+$", "[a-z]"),
        (r"^\S+$", " "),
        ("a$", "b$"),
    ],
)
def test_no_text_fits_both(one: str, other: str) -> None:
    assert overlap(one, other) is None


def test_characters_beyond_single_bytes() -> None:
    assert overlap("^°C$", r"^\D+$", "utf-8") == "°C"
    assert overlap("^°C$", "^.C$", "latin-1") == "°C"


def test_what_is_not_understood_or_too_large_is_given_up_in_bounded_time() -> None:
    began = time.process_time()
    assert overlap(r"^\pL$", r"^a$") is None
    assert overlap("^((a{0,10}){0,10}){0,10}$", "^((a{0,10}){0,10}){0,9}b$") is None
    assert overlap("(" * 90 + "a" + ")" * 90, "a") == "a"
    assert overlap("(" * 500 + "a" + ")" * 500, "a") is None
    assert time.process_time() - began < 30


def test_many_patterns_together_take_no_longer_than_a_bound() -> None:
    cheap, costly = ("^A1$", "^A."), (r"^.*A.{60}x$", r"^.*B.{60}y$")
    patterns = Overlaps("latin-1", most_places=2_000)
    assert patterns.of(*cheap) == "A1"
    assert patterns.of(*costly) is None
    assert patterns.of(*cheap) is None


@settings(max_examples=examples(50))
@given(PATTERNS, PATTERNS)
def test_what_is_found_really_fits_both(one: str, other: str) -> None:
    text = overlap(one, other)
    if text is not None:
        assert compiled(one).search(text.encode("latin-1")) is not None
        assert compiled(other).search(text.encode("latin-1")) is not None


@settings(max_examples=examples(50))
@given(PATTERNS.filter(lambda text: "\\b" not in text), PATTERNS.filter(lambda text: "\\b" not in text), TEXTS)
def test_where_a_text_fits_both_one_is_found(one: str, other: str, text: str) -> None:
    octets = text.encode()
    if compiled(one).search(octets) is not None and compiled(other).search(octets) is not None:
        assert overlap(one, other) is not None
