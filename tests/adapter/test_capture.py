"""A capture says again what was written, and why a line of it can't be read."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapter import (
    Capture,
    CaptureError,
    Commanded,
    Direction,
    Traffic,
    capture_comment,
    capture_line,
    capture_text,
    iso_us,
    parse_capture,
)

NOON_US = 1_796_040_000_000_000
"""2026-11-30T12:00:00Z."""

directions: st.SearchStrategy[Direction] = st.sampled_from(["tx", "rx"])
traffic = st.lists(st.tuples(st.integers(0, 10**12), directions, st.binary(min_size=1, max_size=40)))


def entries(*lines: str) -> list[Traffic | Commanded]:
    return list(parse_capture(lines, "wire.txt").entries)


def test_a_line_shows_time_direction_hex_and_text() -> None:
    assert capture_line(iso_us(NOON_US + 5), "rx", b"ST\r\n") == "2026-11-30T12:00:00.000005Z rx 53 54 0D 0A  |ST..|"


@given(traffic)
def test_what_is_written_is_read_again(said: list[tuple[int, Direction, bytes]]) -> None:
    said.sort(key=lambda each: each[0])
    text = "\n".join(capture_line(iso_us(NOON_US + at_us), direction, data) for at_us, direction, data in said)

    read = parse_capture(text.splitlines(), "wire.txt")

    first_us = said[0][0] if said else 0
    assert read.entries == tuple(Traffic(at_us - first_us, way, data) for at_us, way, data in said)
    assert read.began_us == (NOON_US + first_us if said else None)


@given(st.text())
def test_a_comment_is_passed_over_whatever_it_says(text: str) -> None:
    assert parse_capture(capture_comment(text).split("\n"), "wire.txt") == Capture(None, ())


def test_times_may_count_from_the_line_before() -> None:
    assert entries("rx 01", "+40ms tx 02", "+1.5s rx 03", "+250us rx 04", "rx 05") == [
        Traffic(0, "rx", b"\1"),
        Traffic(40_000, "tx", b"\2"),
        Traffic(1_540_000, "rx", b"\3"),
        Traffic(1_540_250, "rx", b"\4"),
        Traffic(1_540_250, "rx", b"\5"),
    ]


def test_both_ways_to_write_a_time_can_be_mixed() -> None:
    said = entries("+1s rx 01", "2026-11-30T12:00:00Z rx 02", "+1s rx 03", "2026-11-30T12:00:01.5Z rx 04")

    assert [each.at_us for each in said] == [1_000_000, 1_000_000, 2_000_000, 2_500_000]


def test_a_clock_that_was_set_back_is_no_pause() -> None:
    said = entries("2026-11-30T12:00:00Z rx 01", "2026-11-30T11:00:00Z rx 02", "2026-11-30T11:00:02Z rx 03")

    assert [each.at_us for each in said] == [0, 0, 2_000_000]


def test_bytes_may_be_hex_and_text_mixed() -> None:
    assert entries(r'rx 02 "a|b#\r\n\x1B\"\\\0" 0D0a  |....|', 'tx "§"') == [
        Traffic(0, "rx", b'\2a|b#\r\n\x1b"\\\0\r\n'),
        Traffic(0, "tx", b"\xa7"),
    ]


def test_the_text_for_the_reader_is_not_read() -> None:
    assert entries('rx 31  |"zz|') == [Traffic(0, "rx", b"1")]


def test_a_command_has_its_place_in_time() -> None:
    assert entries("rx 01", '! {"invoke": "tare"}', '+2s ! {"read": ["w"]}') == [
        Traffic(0, "rx", b"\1"),
        Commanded(0, {"invoke": "tare"}),
        Commanded(2_000_000, {"read": ["w"]}),
    ]


@pytest.mark.parametrize(("line", "words"), [
    ("40ms rx 01", "'40ms' is neither a time nor rx nor tx"),
    ("+40 rx 01", "'+40' is neither a time nor rx nor tx"),
    ("+40ms rz 01", "'rz' is neither"),
    ("+40ms", "neither"),
    ("2026-11-31T12:00:00Z rx 01", "day"),
    ("rx", "there are no bytes"),
    ("rx  |..|", "there are no bytes"),
    ("rx\t1", "'1' is no bytes"),
    ("rx 012", "'012' is no bytes"),
    ("rx 01 xy", "'xy' is no bytes"),
    ('rx "ab', "is no bytes"),
    ('rx "a"b', "'b' is no bytes"),
    (r'rx "\q"', r"\q is no escape"),
    (r'rx "\x1"', r"\x is no escape"),
    ('rx "€"', "'€' is no single byte"),
    ("! tare", "a command as JSON"),
    ("! 5", "a command as JSON"),
])  # fmt: skip
def test_a_line_that_makes_no_sense_is_named_with_why(line: str, words: str) -> None:
    with pytest.raises(CaptureError, match=r"^wire\.txt:3: ") as caught:
        entries("# first", "rx 01", line)

    assert words in str(caught.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(CaptureError):
        parse_capture(text.splitlines(), "wire.txt")


def test_what_ascii_has_no_sign_for_is_a_dot() -> None:
    assert capture_text(b"\0a\x7f\xe9~\x1b") == ".a..~."
