from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.serial.config.framing import Cobs, Slip
from adapters.serial.framing.frame import Frame
from adapters.serial.framing.make import framer_of
from adapters.serial.framing.stuffed import cobs_packed, cobs_plain, slip_packed, slip_plain
from tests.serial.framing.streams import MODBUS_CRC, held

COBS_TABLE = [
    (b"\x00", "01 01"),
    (b"\x00\x00", "01 01 01"),
    (b"\x00\x11\x00", "01 02 11 01"),
    (b"\x11\x22\x00\x33", "03 11 22 02 33"),
    (b"\x11\x22\x33\x44", "05 11 22 33 44"),
    (b"\x11\x00\x00\x00", "02 11 01 01 01"),
    (bytes(range(1, 255)), "FF" + bytes(range(1, 255)).hex()),
    (bytes(255), "01" * 256),
    (bytes(range(1, 256)), "FF" + bytes(range(1, 255)).hex() + "02 FF"),
    (bytes(range(2, 256)) + b"\x00", "FF" + bytes(range(2, 256)).hex() + "01 01"),
    (bytes(range(3, 256)) + b"\x00\x01", "FE" + bytes(range(3, 256)).hex() + "02 01"),
]
"""Examples of the paper of Cheshire and Baker, and around the longest run."""


@pytest.mark.parametrize(("plain", "packed"), COBS_TABLE)
def test_cobs_is_packed_as_its_authors_have_it(plain: bytes, packed: str) -> None:
    assert cobs_packed(plain) == bytes.fromhex(packed)
    assert cobs_plain(bytes.fromhex(packed)) == plain


@given(st.binary(max_size=20).map(lambda seed: seed * 40))
def test_cobs_gives_back_what_was_packed_and_has_no_zero(plain: bytes) -> None:
    packed = cobs_packed(plain)
    assert 0 not in packed
    assert cobs_plain(packed) == plain


@given(st.lists(st.sampled_from(b"\xc0\xdb\xdc\xdda"), max_size=60).map(bytes))
def test_slip_gives_back_what_was_packed_and_has_no_end(plain: bytes) -> None:
    packed = slip_packed(plain)
    assert b"\xc0" not in packed
    assert slip_plain(packed) == plain


@pytest.mark.parametrize("packed", [b"a\xdb", b"\xdb\xdb\xdc", b"\xdba", b"\xdb\xdb"])
def test_slip_with_an_escape_that_escapes_nothing_is_damaged(packed: bytes) -> None:
    cut = framer_of(Slip(type="slip"), None)
    assert cut.feed(packed + b"\xc0ok\xc0") == [Frame(b"ok", b"ok")]
    assert cut.losses.junk_bytes == len(packed)


def test_cobs_that_ends_within_a_run_is_damaged() -> None:
    cut = framer_of(Cobs(type="cobs"), None)
    assert cut.feed(b"\x05abc\x00\x03ok\x00") == [Frame(b"ok", b"ok")]
    assert cut.losses.junk_bytes == 4


@pytest.mark.parametrize("framing", [Slip(type="slip"), Cobs(type="cobs")])
def test_what_is_sent_is_packed_with_its_checksum_and_comes_back(framing: Slip | Cobs) -> None:
    cut = framer_of(framing, MODBUS_CRC)
    wire = cut.wrap(b"\x00\xc0\xdb")
    assert [frame.body for frame in cut.feed(wire)] == [b"\x00\xc0\xdb"]
    sealed = cut.feed(wire)[0].data
    assert cut.wrap(sealed, sealed=True) == wire


@pytest.mark.parametrize("framing", [Slip(type="slip", max_length=100), Cobs(type="cobs", max_length=100)])
def test_packets_up_to_the_longest_come_out_and_none_beyond_it(framing: Slip | Cobs) -> None:
    cut = framer_of(framing, None)
    for plain in (b"\xc0" * 100, b"x" * 100, bytes(100)):
        assert [frame.data for frame in cut.feed(cut.wrap(plain))] == [plain]
    for number, plain in enumerate((b"\xc0" * 101, b"x" * 101, bytes(101)), 1):
        assert cut.feed(cut.wrap(plain)) == []
        assert cut.losses.too_long == number
    for _ in range(1000):
        cut.feed(b"x")
        assert len(held(cut)) <= 200
