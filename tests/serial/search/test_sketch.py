"""A device to begin with, from the frames that were heard."""

import pytest

from adapters.serial.patterns import compiled
from adapters.serial.search.sketch import sketch

LINES = [b"ST,GS,%9.2fkg" % weight for weight in (0.0, 12.34, -5.0)]


def test_each_number_of_a_line_is_a_point() -> None:
    device = sketch(LINES, None, 0)

    pattern = compiled(device["match"])
    assert [pattern.groups(line) for line in LINES] == [{"value1": f"{w:9.2f}".lstrip()} for w in (0.0, 12.34, -5.0)]
    assert device["points"] == {"value1": {"type": "float"}}


def test_signs_of_patterns_in_a_line_are_only_signs() -> None:
    line = b"T1=(21.5)[C] +2.0*x^2 $|?{a}\\"
    device = sketch([line], None, 0)

    assert compiled(device["match"]).groups(line) == {"value1": "1", "value2": "21.5", "value3": "+2.0", "value4": "2"}


def test_words_that_change_are_points_too() -> None:
    lines = [b"0000kg", b"ST,GS,+0000000kg", b"US,GS,+0003420kg", b"US,GS,+0009870kg", b"OL,GS,        kg"]
    device = sketch(lines, None, 0)

    assert device["points"] == {"word1": {"type": "string"}, "value2": {"type": "float"}}
    assert compiled(device["match"]).groups(lines[2]) == {"word1": "US", "value2": "+0003420"}


@pytest.mark.parametrize("frames", [[b"--", b"**"], [b"A1", b"!!", b"?"]])
def test_lines_that_have_nothing_in_common_are_a_text(frames: list[bytes]) -> None:
    device = sketch(frames, None, 0)

    assert device["points"] == {"text": {"type": "string"}}
    assert compiled(device["match"]).groups(frames[0]) == {"text": frames[0].decode()}


def test_a_receiver_says_where_it_is() -> None:
    frames = [b"$GPGSA,A,3*00", b"$GPRMC,1*00"]

    assert sketch(frames, "nmea", 0)["points"]["lat"] == {"from": "RMC.lat", "type": "float"}
    assert sketch(frames[:1], "nmea", 0)["points"] == {"value": {"from": "GSA.1", "type": "string"}}


def test_bytes_begin_behind_their_mark() -> None:
    assert sketch([b"\xaa\x03\1\2\3"], None, 2)["points"] == {"byte": {"at": 2, "type": "uint8"}}
