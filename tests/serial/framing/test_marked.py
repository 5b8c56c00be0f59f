from __future__ import annotations

from typing import Any

import pytest

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import StartEnd
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of
from tests.serial.framing.streams import BCC, each_byte, held


def framer(checksum: Checksum | None = None, start: str = "\x02", end: str = "\x03", **said: Any) -> Framer:
    return framer_of(StartEnd(type="start-end", start=start, end=end, **said), checksum)  # type: ignore[arg-type]


def frames(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [frame.data for piece in pieces for frame in framer.feed(piece)]


def test_marks_are_in_the_data_and_not_in_the_body() -> None:
    assert framer().feed(b"junk\x02abc\x03junk") == [Frame(b"\x02abc\x03", b"abc")]


def test_bytes_outside_of_frames_are_counted() -> None:
    cut = framer()
    assert frames(cut, b"junk\x02abc\x03more\x02d\x03") == [b"\x02abc\x03", b"\x02d\x03"]
    assert cut.losses.junk_bytes == 8


def test_a_frame_that_was_cut_off_is_lost_and_the_next_comes_out() -> None:
    assert frames(framer(), b"\x02abc\x02def\x03") == [b"\x02def\x03"]


def test_a_check_character_behind_the_end_covers_all_after_the_start() -> None:
    cut = framer(BCC, trailer=1)
    frame = b"\x02123\x03" + bytes([0x31 ^ 0x32 ^ 0x33 ^ 0x03])
    assert cut.feed(frame) == [Frame(frame, b"123")]


def test_a_checksum_without_a_place_stands_behind_the_end_mark() -> None:
    frame = b"\x02123\x03" + bytes([0x31 ^ 0x32 ^ 0x33 ^ 0x03])
    assert framer(BCC).feed(frame) == [Frame(frame, b"123")]


def test_a_checksum_may_stand_before_the_end_mark() -> None:
    cut = framer(Checksum(type="sum8", encoding="hex", first=1, at=-3))
    assert cut.feed(b"\x02AB83\x03") == [Frame(b"\x02AB83\x03", b"AB")]


def test_what_follows_the_trailer_is_checked_with_it_and_in_no_body() -> None:
    telegram = b"/X\r\n\r\n1.8.0(1)\r\n!"
    crc = Checksum(type="crc-16/arc", encoding="hex", at=-6)
    cut = framer(crc, start="/", end="!", trailer=6)
    whole = telegram + b"67E4" + b"\r\n"
    assert cut.feed(whole) == [Frame(whole, b"X\r\n\r\n1.8.0(1)\r\n")]


def test_a_lost_trailer_costs_one_frame() -> None:
    good = b"\x0212\x03\x00"
    cut = framer(BCC, trailer=1)
    assert frames(cut, good[:-1] + good) == [good]
    assert cut.losses.bad_checksums == 1


@pytest.mark.parametrize("step", [1, 3, 100])
def test_the_longest_frame_comes_out_and_a_longer_one_is_counted(step: int) -> None:
    cut = framer(max_length=10, trailer=2)
    stream = b"\x02123456\x03tt" + b"\x021234567\x03tt" + b"\x021\x03tt"
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert frames(cut, *pieces) == [b"\x02123456\x03tt", b"\x021\x03tt"]
    assert cut.losses.too_long == 1


def test_endless_bytes_after_a_start_are_not_kept() -> None:
    cut = framer(max_length=100)
    cut.feed(b"\x02")
    for _ in range(1000):
        cut.feed(b"x")
        assert len(held(cut)) <= 100
    assert cut.losses.too_long == 1
    assert frames(cut, b"\x02ok\x03") == [b"\x02ok\x03"]


@pytest.mark.parametrize("step", [1, 100])
def test_a_start_that_comes_where_a_frame_became_too_long_is_not_lost(step: int) -> None:
    stream = b"<<1234567<<ok>"
    cut = framer(start="<<", end=">", max_length=10)
    assert frames(cut, *(stream[at : at + step] for at in range(0, len(stream), step))) == [b"<<ok>"]
    assert cut.losses.too_long == 1


def test_bytes_without_a_start_are_not_kept_at_all() -> None:
    cut = framer(start="<<")
    cut.feed(b"x" * 1000)
    assert held(cut) == b""
    cut.feed(b"<")
    assert held(cut) == b"<"


def test_marks_that_are_the_same_fall_in_step_at_two_in_a_row() -> None:
    cut = framer(start="$", end="$")
    assert frames(cut, b"tail$$one$$two$") == [b"$one$", b"$two$"]


def test_marks_that_are_the_same_fall_in_step_by_a_checksum() -> None:
    cut = framer(Checksum(type="sum8", encoding="hex", first=1, at=-3), start="$", end="$")
    assert frames(cut, b"tail$A41$B42$C4") == [b"$A41$"]
    cut = framer(Checksum(type="sum8", encoding="hex", first=1, at=-3), start="$", end="$")
    assert frames(cut, b"A41$ $A41$") == [b"$A41$"]


def test_silence_drops_what_was_begun() -> None:
    cut = framer(gap="100ms")
    assert frames(cut, b"\x02half") == []
    assert cut.silence() == []
    assert frames(cut, b"rest\x03", *each_byte(b"\x02whole\x03")) == [b"\x02whole\x03"]
    assert cut.losses.junk_bytes == len(b"\x02halfrest\x03")
