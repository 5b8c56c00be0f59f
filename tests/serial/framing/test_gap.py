from __future__ import annotations

from adapters.serial.config.framing import Gap
from adapters.serial.framing.frame import Frame, Framer
from adapters.serial.framing.make import framer_of
from tests.serial.framing.streams import MODBUS_CRC, held

REPLY = bytes.fromhex("01 03 00 00 00 0A C5 CD")


def framer(**said: object) -> Framer:
    return framer_of(Gap.model_validate({"type": "gap", "gap": "20ms", **said}), MODBUS_CRC)


def test_what_comes_between_pauses_is_a_frame() -> None:
    cut = framer()
    assert cut.gap_s == 0.02
    assert cut.feed(REPLY[:3]) == []
    assert cut.feed(REPLY[3:]) == []
    assert cut.silence() == [Frame(REPLY, REPLY[:-2])]
    assert cut.silence() == []


def test_a_wrong_checksum_is_counted() -> None:
    cut = framer()
    cut.feed(REPLY[1:])
    assert cut.silence() == []
    assert (cut.losses.bad_checksums, cut.losses.junk_bytes) == (1, 7)


def test_what_is_too_long_is_dropped_up_to_the_next_pause() -> None:
    cut = framer(max_length=8)
    for _ in range(9):
        cut.feed(b"xxx")
        assert len(held(cut)) <= 8
    assert cut.silence() == []
    assert (cut.losses.too_long, cut.losses.junk_bytes) == (1, 27)
    cut.feed(REPLY)
    assert cut.silence() == [Frame(REPLY, REPLY[:-2])]
