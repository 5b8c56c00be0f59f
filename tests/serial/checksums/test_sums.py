from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.serial.checksums import sums


@given(st.binary(max_size=300))
def test_xor8_is_the_exclusive_or_of_all_bytes(data: bytes) -> None:
    assert sums.xor8(data) == reduce(xor, data, 0)


@given(st.binary(max_size=100))
def test_complements_bring_the_sum_to_zero_or_to_all_ones(data: bytes) -> None:
    assert sums.sum8(data + bytes([sums.twos_complement8(data)])) == 0
    assert sums.sum8(data + bytes([sums.ones_complement8(data)])) == 0xFF
    assert (sum(data) + sums.twos_complement16(data)) % 65536 == 0


@given(st.binary(max_size=600))
def test_fletcher_16_is_as_its_definition_has_it(data: bytes) -> None:
    for modulus, calculated in ((255, sums.fletcher16(data)), (256, sums.fletcher16_256(data))):
        low = high = 0
        for byte in data:
            low = (low + byte) % modulus
            high = (high + low) % modulus
        assert calculated == high << 8 | low


@pytest.mark.parametrize(
    ("text", "value"), [(b"abcde", 0xF04FC729), (b"abcdef", 0x56502D2A), (b"abcdefgh", 0xEBE19591)]
)
def test_fletcher_32_counts_words_with_their_low_byte_first(text: bytes, value: int) -> None:
    assert sums.fletcher32(text) == value


@pytest.mark.parametrize(("text", "value"), [(b"abcde", 0xC8F0), (b"abcdef", 0x2057), (b"abcdefgh", 0x0627)])
def test_fletcher_16_is_that_of_other_peoples_tables(text: bytes, value: int) -> None:
    assert sums.fletcher16(text) == value


def test_that_of_ubx_is_the_one_that_receivers_send() -> None:
    poll_mon_ver = bytes.fromhex("0A 04 00 00")
    assert sums.fletcher16_256(poll_mon_ver).to_bytes(2, "little") == bytes.fromhex("0E 34")
