from __future__ import annotations

import pytest

from adapters.serial.checksums.sums import xor8
from adapters.serial.config.framing import Iec62056Frames
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of
from tests.serial.framing.streams import each_byte, held

IDENTIFICATION = b"/ISk5ME172-0000"
DATA = b"C.1.0(12345678)\r\n1.8.0(0001234.5*kWh)\r\n!\r\n"


def block(data: bytes, end: bytes = b"\x03") -> bytes:
    checked = data + end
    return b"\x02" + checked + bytes([xor8(checked)])


def framer(**said: int) -> Framer:
    return framer_of(Iec62056Frames(type="iec62056-21", **said), None)


def bodies(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [frame.body for piece in pieces for frame in framer.feed(piece)]


def test_an_identification_comes_out_at_its_end_without_it() -> None:
    cut = framer()
    assert cut.feed(IDENTIFICATION) == []
    assert cut.feed(b"\r\n") == [Frame(IDENTIFICATION, IDENTIFICATION)]
    assert cut.losses.junk_bytes == 0


def test_a_block_comes_out_whole_and_its_body_is_the_data() -> None:
    whole = block(DATA)
    assert framer().feed(whole) == [Frame(whole, DATA)]


def test_a_block_that_another_follows_ends_with_eot() -> None:
    assert bodies(framer(), block(DATA, b"\x04") + block(DATA)) == [DATA, DATA]


def test_a_readout_byte_by_byte_is_an_identification_and_a_block() -> None:
    stream = IDENTIFICATION + b"\r\n" + block(DATA) + IDENTIFICATION + b"\r\n"
    assert bodies(framer(), *each_byte(stream)) == [IDENTIFICATION, DATA, IDENTIFICATION]


def test_single_characters_acknowledge() -> None:
    assert framer().feed(b"\x06\x15") == [Frame(b"\x06", b"\x06"), Frame(b"\x15", b"\x15")]


def test_a_command_message_has_its_stx_within() -> None:
    message = b"P0\x02(12345678)\x03"
    whole = b"\x01" + message + bytes([xor8(message)])
    assert framer().feed(whole) == [Frame(whole, message[:-1])]


def test_our_own_request_heard_again_is_no_identification() -> None:
    cut = framer()
    assert bodies(cut, b"/?!\r\n" + IDENTIFICATION + b"\r\n") == [IDENTIFICATION]
    assert cut.losses.junk_bytes == 3


def test_no_damaged_block_comes_out_and_the_next_one_does() -> None:
    good = block(DATA)
    for at in range(1, len(good)):
        spoilt = good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :]
        cut = framer()
        came = bodies(cut, spoilt, IDENTIFICATION + b"\r\n", good)
        assert came[-1] == DATA
        assert came.count(DATA) == 1
        assert set(came) <= {DATA, IDENTIFICATION}


@pytest.mark.parametrize("check", [b"\x06", b"\x15"])
def test_the_check_of_a_damaged_block_is_no_acknowledgement(check: bytes) -> None:
    cut = framer()
    assert bodies(cut, b"\x021.8.0(1)\x03" + check, b"\x06") == [b"\x06"]
    assert cut.losses.bad_checksums == 1


def test_a_block_that_was_cut_off_is_lost_with_what_it_seems_to_hold() -> None:
    good = block(DATA)
    assert bodies(framer(), good[:20] + good) == [DATA]


def test_the_data_of_mode_d_follow_a_blank_line_and_have_no_check() -> None:
    identification = b"/ABC3XYZ"
    stream = identification + b"\r\n\r\n" + DATA + identification + b"\r\n"
    readout = DATA[: DATA.index(b"!") + 1]
    assert bodies(framer(), *each_byte(stream)) == [identification, readout, identification]


@pytest.mark.parametrize(
    "before", [IDENTIFICATION + b"\r\n\r\n", b"/ABC3XYZ\r\n", b"/ABC3XYZ\r\n\r\n\r\n", b"\r\n\r\n"]
)
def test_data_without_a_check_are_taken_in_mode_d_only(before: bytes) -> None:
    assert not any(b"1.8.0" in body for body in bodies(framer(), before + DATA))


def test_a_block_lasts_no_longer_than_it_may() -> None:
    cut = framer(max_length=len(block(DATA)))
    assert bodies(cut, *each_byte(block(DATA))) == [DATA]
    assert bodies(cut, *each_byte(block(DATA + b"x"))) == []
    assert cut.losses.too_long == 1
    for _ in range(1000):
        cut.feed(b"\x02abc/def")
        assert len(held(cut)) <= len(block(DATA))


def test_silence_drops_what_was_begun() -> None:
    cut = framer()
    assert bodies(cut, block(DATA)[:-1]) == []
    assert cut.silence() == []
    assert bodies(cut, block(DATA)) == [DATA]
