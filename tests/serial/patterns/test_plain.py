from __future__ import annotations

import re
import time

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.serial.patterns.parse import NotUnderstood, parse
from adapters.serial.patterns.plain import plain
from tests.serial.patterns.written import PATTERNS, TEXTS
from tests.support.examples import examples


def own(pattern: str) -> bytes | None:
    return plain(parse(pattern, wide=False))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(?P<status>ST|US),(?P<kind>GS|NT),\s*(?P<weight>[-+]?\d+\.\d+)\s*kg$",
        r"^>(?P<a>\d\d)(?P<t>[-+]\d+\.\d)$",
        r"^#(?P<n>\d+) (?P<v>\d+)$",
        "^(?P<code>.+)$",
        "^OK",
        r"^\d{1,3}(?:,\d{1,3})*$",
    ],
)
def test_what_never_has_a_choice_is_for_pythons_engine(pattern: str) -> None:
    assert own(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [r"\d+", r"^(a+)+$", "^.*,$", r"^\d+\d$", "^(?:ab|ac)$", "^(?:a?)*$", "^(?:a?|b?)$", r"^a\b", "^a^", r"^x{400}$"],
)
def test_what_may_have_a_choice_is_left_to_re2(pattern: str) -> None:
    assert own(pattern) is None


def test_flags_that_move_places_are_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        parse("(?m)^a$", wide=False)


@st.composite
def grouped(draw: st.DrawFn) -> str:
    """Anchored, with named groups."""
    parts = draw(st.lists(PATTERNS, min_size=1, max_size=4))
    named = [f"(?P<g{place}>{part})" if draw(st.booleans()) else part for place, part in enumerate(parts)]
    return "^" + "".join(named) + draw(st.sampled_from(["", "$"]))


@settings(max_examples=examples(50))
@given(grouped(), st.lists(TEXTS, min_size=1, max_size=5))
def test_both_engines_find_the_same(pattern: str, texts: list[str]) -> None:
    words = own(pattern)
    if words is None:
        return
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    theirs, ours = re2.compile(pattern.encode(), options), re.compile(words)
    for text in [*texts, "", "a", "ab", "a1", "b\n"]:
        one, other = theirs.search(text.encode()), ours.match(text.encode())
        assert (one is None) == (other is None), text
        if one is not None and other is not None:
            assert {name.decode(): value for name, value in one.groupdict().items()} == other.groupdict()


@settings(max_examples=examples(20))
@given(grouped())
def test_what_python_may_have_is_linear(pattern: str) -> None:
    words = own(pattern)
    if words is None:
        return
    engine = re.compile(words)
    began = time.process_time()
    for text in (b"a" * 20_000, b"ab" * 10_000, b"1" * 20_000):
        engine.match(text)
    assert time.process_time() - began < 5


def test_a_pattern_of_many_choices_is_looked_through_in_bounded_time() -> None:
    began = time.process_time()
    assert own("^" + "".join(f"\\x{code:02x}?" for code in range(1, 256)) + "$") is not None
    assert own("^" + "(?:" * 30 + "a{2}" + "){2}" * 30) is None
    assert time.process_time() - began < 10
