from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.serial.checksums import Checksum, Seal, names, seal_of

MODBUS_FRAME = bytes.fromhex("01 03 00 00 00 0A C5 CD")
"""A request for ten registers, as MODBUS manuals print it."""


def seal(**said: Any) -> Seal:
    made = seal_of(Checksum(**said))
    assert made is not None
    return made


def test_a_modbus_frame_has_its_crc_low_byte_first() -> None:
    crc = seal(type="crc-16/modbus", endian="little")
    assert crc.seal(MODBUS_FRAME[:-2]) == MODBUS_FRAME[-2:]
    assert crc.good(MODBUS_FRAME)
    assert not crc.good(MODBUS_FRAME[:-2] + MODBUS_FRAME[-1:] + MODBUS_FRAME[-2:-1])


def test_hex_is_two_digits_for_each_byte_in_either_case() -> None:
    lrc = seal(type="lrc", encoding="hex", first=1)
    assert lrc.seal(b":0103") == b"3C"
    assert lrc.good(b":01033C")
    assert lrc.good(b":01033c")
    assert not lrc.good(b":0103 3")


@given(
    st.sampled_from([name for name in names() if name != "nmea"]),
    st.sampled_from(["binary", "hex"]),
    st.sampled_from(["big", "little"]),
    st.integers(0, 4),
    st.binary(min_size=5, max_size=40),
)
def test_what_is_sealed_is_good_and_any_wrong_bit_is_not(
    name: str, encoding: str, endian: str, first: int, before: bytes
) -> None:
    made = seal(type=name, encoding=encoding, endian=endian, first=first)
    frame = before + made.seal(before)
    assert made.good(frame)
    assert len(frame) == len(before) + made.width
    assert made.span(len(frame)) == (len(before), len(frame))
    if name.startswith("crc"):
        for bit in range(first * 8, len(before) * 8):
            spoilt = bytearray(frame)
            spoilt[bit // 8] ^= 1 << bit % 8
            assert not made.good(bytes(spoilt))


@given(st.binary(min_size=6, max_size=20), st.binary(min_size=2, max_size=2), st.sampled_from([None, -5, 5]))
def test_it_may_stand_before_what_ends_the_frame(before: bytes, end: bytes, until: int | None) -> None:
    made = seal(type="crc-16/xmodem", at=-4, first=1, until=until)
    frame = before + made.seal(before) + end
    assert made.good(frame)
    assert made.span(len(frame)) == (len(before), len(before) + 2)


def test_until_leaves_out_what_stands_before_it() -> None:
    made = seal(type="sum8", encoding="hex", first=1, until=-3)
    assert made.seal(b"\x02\x01\x02\x03\x7f") == b"06"
    assert made.good(b"\x02\x01\x02\x03\x7f06")
    assert made.good(b"\x02\x01\x02\x03\x0006")


def test_it_may_stand_in_the_middle_at_a_fixed_place() -> None:
    made = seal(type="xor8", at=3)
    assert made.good(b"\x01\x02\x04\x07rest")
    assert not made.good(b"\x01\x02\x04\x08rest")
    assert made.seal(b"\x01\x02\x04") == b"\x07"


@pytest.mark.parametrize("frame", [b"", b"\x00", b"\x00\x00"])
def test_a_frame_that_has_room_for_nothing_but_its_checksum_is_not_good(frame: bytes) -> None:
    assert not seal(type="sum16").good(frame)
    assert not seal(type="xor8", at=3).good(frame)


SENTENCE = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"


def test_a_sentence_of_nmea_is_good_and_its_checksum_belongs_to_no_field() -> None:
    made = seal(type="nmea")
    assert made.good(SENTENCE)
    assert made.good(SENTENCE[:-2] + SENTENCE[-2:].lower())
    assert made.seal(SENTENCE[:-2]) == b"47"
    start, stop = made.span(len(SENTENCE))
    assert SENTENCE[start:stop] == b"*47"


@pytest.mark.parametrize(
    "line",
    [SENTENCE[:-3], SENTENCE[1:], b"x" + SENTENCE, SENTENCE[:-1] + b"8", SENTENCE + b" ", b"", b"$*0", b"*00", b"$"],
)
def test_what_is_no_whole_sentence_is_not_good(line: bytes) -> None:
    assert not seal(type="nmea").good(line)
