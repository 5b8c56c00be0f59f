from __future__ import annotations

from typing import Any

import pytest

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Line
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of
from tests.serial.framing.streams import held


def framer(checksum: Checksum | None = None, **said: Any) -> Framer:
    return framer_of(Line(**said), checksum)


def lines(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [frame.data for piece in pieces for frame in framer.feed(piece)]


def test_a_line_comes_out_with_its_last_byte_and_without_its_end() -> None:
    cut = framer(terminator="\r\n")
    assert cut.feed(b"ST,GS,   12.34kg\r") == []
    assert cut.feed(b"\n") == [Frame(b"ST,GS,   12.34kg", b"ST,GS,   12.34kg")]


def test_auto_ends_lines_at_each_of_the_usual_ends_and_passes_over_empty_ones() -> None:
    assert lines(framer(), b"a\r\nb\nc\rd\r\r\n\n\re\n") == [b"a", b"b", b"c", b"d", b"e"]


def test_auto_does_not_wait_for_a_line_feed_that_may_never_come() -> None:
    assert lines(framer(), b"a\r") == [b"a"]


def test_of_two_ends_of_which_one_begins_the_other_what_is_left_is_none_of_the_next_line() -> None:
    assert lines(framer(terminator=["\r", "\r\n"]), b"a\r\nb\rc\r\n") == [b"a", b"b", b"c"]


def test_a_terminator_may_be_anything() -> None:
    assert lines(framer(terminator="\x03"), b"a\r\n\x03b") == [b"a\r\n"]
    assert lines(framer(terminator=["END", ";"]), b"aENDb;cEN", b"D") == [b"a", b"b", b"c"]


@pytest.mark.parametrize("pieces", [1, 3, 100])
def test_the_longest_line_comes_out_and_a_longer_one_is_counted_and_passed_over(pieces: int) -> None:
    cut = framer(terminator="\r\n", max_length=10)
    stream = b"0123456789\r\n" + b"01234567890\r\n" + b"next\r\n"
    parts = [stream[at : at + pieces] for at in range(0, len(stream), pieces)]
    assert lines(cut, *parts) == [b"0123456789", b"next"]
    assert (cut.losses.too_long, cut.losses.junk_bytes) == (1, 11)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_endless_bytes_without_an_end_are_not_kept_and_count_once(step: int) -> None:
    cut = framer(terminator="\r\n", max_length=100)
    for _ in range(10_000 // step):
        cut.feed(b"x" * step)
        assert len(held(cut)) <= 101
    assert cut.losses.too_long == 1
    assert lines(cut, b"\r\n", b"good\r\n") == [b"good"]


def test_a_line_whose_checksum_is_wrong_is_counted_and_its_neighbours_come_out() -> None:
    cut = framer(Checksum(type="nmea"), terminator="\r\n")
    good = b"$GPHDT,123.4,T*31"
    assert cut.feed(good + b"\r\n" + good.replace(b"4", b"5") + b"\r\n" + good + b"\r\n") == [
        Frame(good, b"$GPHDT,123.4,T"),
        Frame(good, b"$GPHDT,123.4,T"),
    ]
    assert (cut.losses.bad_checksums, cut.losses.junk_bytes) == (1, len(good))


def test_a_checksum_in_hex_at_the_end_is_no_part_of_the_body() -> None:
    cut = framer(Checksum(type="sum8", encoding="hex"), terminator="\r")
    assert cut.feed(b"AB83\r") == [Frame(b"AB83", b"AB")]


def test_silence_drops_what_was_begun() -> None:
    cut = framer(terminator="\n", gap="500ms")
    assert cut.gap_s == 0.5
    assert lines(cut, b"half of a li") == []
    assert cut.silence() == []
    assert cut.losses.junk_bytes == 12
    assert lines(cut, b"whole\n") == [b"whole"]


def test_silence_ends_a_line_that_was_too_long() -> None:
    cut = framer(terminator="\n", max_length=4)
    assert lines(cut, b"far too long") == []
    cut.silence()
    assert lines(cut, b"next\n") == [b"next"]
