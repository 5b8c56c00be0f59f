from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.serial.checksums import Checksum, seal_of
from adapters.serial.config.framing import Fixed, LengthField
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of
from tests.serial.framing.streams import MODBUS_CRC, each_byte, held

SEAL = seal_of(MODBUS_CRC)


def framer(checksum: Checksum | None = None, **said: Any) -> Framer:
    return framer_of(LengthField(type="length", **said), checksum)


def sealed(before: bytes) -> bytes:
    assert SEAL is not None
    return before + SEAL.seal(before)


def sensor_frame(payload: bytes) -> bytes:
    return sealed(b"\xaa" + bytes([len(payload)]) + payload)


def sensor(**said: Any) -> Framer:
    return framer(MODBUS_CRC, start={"hex": "AA"}, at=1, extra=2, **said)


def frames(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [frame.data for piece in pieces for frame in framer.feed(piece)]


def test_the_body_is_what_stands_behind_the_length_without_the_checksum() -> None:
    frame = sensor_frame(b"abc")
    assert sensor().feed(frame) == [Frame(frame, b"abc")]


@pytest.mark.parametrize(
    ("said", "frame"),
    [
        ({"at": 0}, b"\x03abc"),
        ({"at": 0, "counts": "frame"}, b"\x04abc"),
        ({"at": 1, "size": 2, "endian": "little"}, b"x\x03\x00abc"),
        ({"at": 1, "size": 4}, b"x\x00\x00\x00\x03abc"),
        ({"at": 0, "extra": 2}, b"\x01abc"),
        ({"at": 0, "extra": -1}, b"\x04abc"),
    ],
)
def test_the_length_counts_what_the_manual_says(said: dict[str, Any], frame: bytes) -> None:
    cut = framer(**said)
    assert cut.feed(frame[:-1]) == []
    assert cut.feed(frame[-1:] + frame) == [Frame(frame, b"abc"), Frame(frame, b"abc")]


def test_junk_before_and_between_is_passed_over_and_counted() -> None:
    one, two = sensor_frame(b"one"), sensor_frame(b"two")
    cut = sensor()
    assert frames(cut, b"junk" + one + b"\x00" + two) == [one, two]
    assert cut.losses.junk_bytes == 5


def test_a_false_start_before_a_frame_does_not_cost_it() -> None:
    cut = sensor()
    good = sensor_frame(b"good" * 5)
    assert frames(cut, *each_byte(b"\xaa\x04" + good)) == [good]
    assert cut.losses.bad_checksums == 1


def test_a_damaged_frame_never_comes_out_and_the_next_one_does() -> None:
    good = sensor_frame(b"good")
    for bit in range(16, len(good) * 8):
        spoilt = bytearray(good)
        spoilt[bit // 8] ^= 1 << bit % 8
        cut = sensor()
        assert frames(cut, bytes(spoilt) + good) + [frame.data for frame in cut.silence()] == [good]


def test_a_frame_that_lost_a_byte_does_not_cost_the_next_one() -> None:
    good = sensor_frame(b"good")
    for lost in range(len(good)):
        cut = sensor(max_length=40)
        came = frames(cut, good[:lost] + good[lost + 1 :] + good + good * 20)
        assert came.count(good) >= 20


@given(st.binary(max_size=80), st.lists(st.binary(max_size=12), min_size=1, max_size=5))
def test_frames_come_out_of_any_noise_once_it_is_over(noise: bytes, payloads: list[bytes]) -> None:
    good = [sensor_frame(payload) for payload in payloads]
    cut = sensor(max_length=60)
    before = frames(cut, noise) + [frame.data for frame in cut.silence()]
    assert frames(cut, b"".join(good)) == good
    assert all(frame == sensor_frame(frame[2:-2]) for frame in before)


def test_silence_ends_a_false_start_and_gives_what_it_hid() -> None:
    cut = sensor(gap="50ms")
    good = sensor_frame(b"hidden")
    assert frames(cut, b"\xaa\xf0" + good) == []
    assert cut.silence() == [Frame(good, b"hidden")]
    assert held(cut) == b""
    assert cut.losses.junk_bytes == 2


@pytest.mark.parametrize(("number", "comes"), [(93, True), (94, False)])
def test_the_longest_frame_comes_out_and_a_longer_one_is_never_waited_for(number: int, comes: bool) -> None:
    cut = framer(at=0, size=2, extra=5, max_length=100)
    stream = number.to_bytes(2, "big") + b"\xff" * (number + 5)
    assert frames(cut, *each_byte(stream)) == ([stream] if comes else [])
    assert (cut.losses.too_long > 0) is not comes
    assert len(held(cut)) < 2


def test_a_length_that_ends_before_itself_is_none() -> None:
    cut = framer(start="x", at=1, counts="frame")
    assert frames(cut, b"x\x00x\x01x\x02x\x03a") == [b"x\x02", b"x\x03a"]


def test_fixed_frames_follow_each_other_without_marks() -> None:
    assert frames(framer_of(Fixed(type="fixed", length=3), None), b"abcde", b"f") == [b"abc", b"def"]


def test_fixed_frames_fall_in_step_by_their_start() -> None:
    cut = framer_of(Fixed(type="fixed", length=4, start=b"ab"), None)
    assert cut.feed(b"cdab01ab23a") == [Frame(b"ab01", b"01"), Frame(b"ab23", b"23")]
    assert (held(cut), cut.losses.junk_bytes) == (b"a", 2)


def test_fixed_frames_fall_in_step_by_their_checksum_alone() -> None:
    cut = framer_of(Fixed(type="fixed", length=6), MODBUS_CRC)
    good = sealed(b"data")
    assert frames(cut, b"xyz" + good + good) == [good, good]
    assert cut.losses.junk_bytes == 3
