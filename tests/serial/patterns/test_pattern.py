from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from adapters.serial.patterns import PatternText, compiled

CHECKED = TypeAdapter(PatternText)


def test_named_groups_have_a_character_for_each_byte() -> None:
    pattern = compiled(r"^(?P<a>.)(?P<b>x)?(?P<c>\d+)$")
    assert pattern.groups(b"\xb112") == {"a": "\xb1", "c": "12"}
    assert pattern.groups(b"?") is None
    assert pattern.names == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(a", r"missing \): \(a"),
        ("a(?=b)", "no look-around"),
        (r"(a)\1", "no backreferences"),
        ("(a{100}){100}", "invalid repetition size"),
        ("r'^a$'", "leave the r and its quotes out"),
        ("(?P<a>x)(?P<a>y)", "two of its groups have the same name"),
        (r"^\p{L}{100}$", "it would take more than 1 MiB"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        CHECKED.validate_python(text)


def test_what_counts_up_to_the_longest_line_is_none_too_large() -> None:
    assert CHECKED.validate_python("^[^,]{0,1000},.{1,1000}$")


def test_a_character_that_the_encoding_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="'→' does not exist in ascii"):
        compiled("→", "ascii")
    assert compiled("→", "utf-8").search("a→b".encode()) is not None


def test_time_grows_with_the_text_and_not_faster() -> None:
    pattern = compiled(r"^(a+)+(a|aa)+(?P<x>b)$")
    assert pattern.groups(b"a" * 60_000) is None
