from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from adapters.serial.checksums import Checksum, seal_of
from adapters.serial.config.framing import Escaped
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of, seal_for_sending
from tests.serial.framing.streams import BCC, each_byte, held, of_bytes
from tests.support.examples import examples

DLE: dict[str, Any] = {"start": "\x10\x02", "end": "\x10\x03"}
FLAGS: dict[str, Any] = {"start": {"hex": "7E"}, "end": {"hex": "7E"}, "escape": {"hex": "7D"}, "xor": 0x20}
SINGLE: dict[str, Any] = {}
FCS = Checksum(type="crc-16/x25", endian="little", first=1)
PPP_FRAME = bytes.fromhex("7E FF 7D 23 C0 21 7D 21 7D 21 7D 20 7D 24 D1 B5 7E")
"""A Configure-Request of LCP without options, escaped as RFC 1662 has it."""


def framing(said: dict[str, Any]) -> Escaped:
    return Escaped(type="escaped", **said)


def framer(said: dict[str, Any], checksum: Checksum | None = None, **more: Any) -> Framer:
    return framer_of(framing({**said, **more}), checksum)


def frames(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [frame.data for piece in pieces for frame in framer.feed(piece)]


def test_a_doubled_dle_is_one_byte_and_the_marks_are_in_the_data() -> None:
    assert framer(DLE).feed(b"\x10\x02a\x10\x10\x03b\x10\x03") == [Frame(b"\x10\x02a\x10\x03b\x10\x03", b"a\x10\x03b")]


def test_an_escaped_byte_is_changed_back() -> None:
    assert frames(framer(SINGLE, xor=0x40), b"\x02a\x10\x43b\x03") == [b"\x02a\x03b\x03"]


def test_a_start_that_is_not_escaped_begins_anew() -> None:
    assert frames(framer(DLE), b"\x10\x02ab\x10\x02cd\x10\x03") == [b"\x10\x02cd\x10\x03"]
    assert frames(framer(SINGLE), b"\x02ab\x02c\x10\x02\x03") == [b"\x02c\x02\x03"]


def test_a_dle_before_what_needs_none_is_damage() -> None:
    cut = framer(DLE)
    assert frames(cut, b"\x10\x02a\x10b\x10\x03\x10\x02ok\x10\x03") == [b"\x10\x02ok\x10\x03"]
    assert cut.losses.junk_bytes == 7


def test_a_check_character_behind_the_end_is_as_it_is() -> None:
    cut = framer(SINGLE, BCC)
    assert cut.feed(b"\x02\x13\x03\x10") == [Frame(b"\x02\x13\x03\x10", b"\x13")]


def test_flags_end_one_frame_and_begin_the_next() -> None:
    cut = framer(FLAGS)
    assert [frame.body for frame in cut.feed(b"tail~one~two~~three}\x5e~")] == [b"one", b"two", b"three~"]
    assert cut.losses.junk_bytes == 4


def test_flags_make_frames_of_hdlc_with_the_check_before_the_last() -> None:
    cut = framer(FLAGS, FCS)
    (frame,) = cut.feed(cut.wrap(b"\xff\x03\xc0\x21\x05\x01\x00\x04"))
    assert frame.body == b"\xff\x03\xc0\x21\x05\x01\x00\x04"
    assert frame.data[:1] == frame.data[-1:] == b"~"


def test_a_frame_of_ppp_is_as_rfc_1662_has_it() -> None:
    assert [frame.body for frame in framer(FLAGS, FCS).feed(PPP_FRAME)] == [bytes.fromhex("FF03C02101010004")]


def test_an_aborted_frame_of_hdlc_is_junk() -> None:
    cut = framer(FLAGS)
    assert frames(cut, b"~ab}~cd~") == [b"~cd~"]


@pytest.mark.parametrize("said", [DLE, FLAGS, SINGLE, {**SINGLE, "xor": 0x20}, {"end": "\x10\x03"}])
@settings(max_examples=examples(40))
@given(of_bytes(b"\x02\x03\x10\x7e\x7d\x5e\x5d\x22\x23\x30a", min_size=1))
def test_what_is_wrapped_comes_back(said: dict[str, Any], data: bytes) -> None:
    cut = framer(said)
    assert [frame.body for frame in cut.feed(cut.wrap(data))] == [data]


PLACES = [
    pytest.param({}, None, id="behind the end"),
    pytest.param({"trailer": 2}, None, id="behind the end, as said"),
    pytest.param({}, -4, id="before the end"),
]


@pytest.mark.parametrize(("more", "at"), PLACES)
@settings(max_examples=examples(40))
@given(of_bytes(b"\x02\x03\x10a", min_size=1))
def test_the_checksum_is_put_where_frames_have_it(more: dict[str, Any], at: int | None, data: bytes) -> None:
    checksum = Checksum(type="crc-16/modbus", first=2, at=at)
    cut = framer(DLE, checksum, **more)
    assert [frame.body for frame in cut.feed(cut.wrap(data))] == [data]


def test_a_checksum_of_the_template_counts_the_start_that_is_put_before_it() -> None:
    checksum = Checksum(type="sum8", at=-3)
    cut = framer(DLE, checksum)
    seal = seal_for_sending(framing(DLE), checksum)
    assert seal is not None
    assert cut.feed(cut.wrap(b"abc" + seal.seal(b"abc"), sealed=True)) == cut.feed(cut.wrap(b"abc"))
    bare = seal_of(checksum)
    assert bare is not None
    assert bare.seal(b"\x10\x02abc") == seal.seal(b"abc")


@pytest.mark.parametrize("step", [1, 1000])
def test_the_longest_frame_comes_out_and_endless_bytes_are_not_kept(step: int) -> None:
    cut = framer(DLE, max_length=20)
    longest, longer = cut.wrap(b"\x10" * 16), cut.wrap(b"\x10" * 17)
    assert frames(cut, *each_byte(longest)) == [b"\x10\x02" + b"\x10" * 16 + b"\x10\x03"]
    assert frames(cut, *each_byte(longer)) == []
    assert cut.losses.too_long == 1
    cut.feed(b"\x10\x02")
    for _ in range(2000 // step):
        cut.feed(b"x" * step)
        assert len(held(cut)) <= 40
    assert cut.losses.too_long == 2


def test_silence_drops_what_was_begun() -> None:
    cut = framer(DLE)
    assert frames(cut, b"\x10\x02half\x10") == []
    assert cut.silence() == []
    assert frames(cut, b"\x03", b"\x10\x02whole\x10\x03") == [b"\x10\x02whole\x10\x03"]
