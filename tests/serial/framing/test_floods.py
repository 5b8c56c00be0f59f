"""Streams made to cost time or memory: what is done for a byte does not grow with the stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from types import FrameType
from typing import Any

import pytest

from adapters.serial.checksums import Checksum, Seal, seal_of
from adapters.serial.checksums.catalogue import ALGORITHMS, Algorithm
from adapters.serial.config.framing import LengthField
from adapters.serial.framing.frame import Framer
from adapters.serial.framing.make import framer_of
from adapters.serial.framing.sized import CHECKED_AGAIN_BYTES, CHECKED_AT_ONCE_BYTES
from tests.serial.framing.kinds import KINDS
from tests.serial.framing.streams import MODBUS_CRC, Kind, held

FLOOD_BYTES = 5_000
STEPS_OF_BYTES = 120
"""Enough for what grows with the square to be seen: the longest frames of these kinds are 20 bytes."""


class Lines:
    """How many lines of Python were run."""

    count = 0

    def trace(self, _frame: FrameType, event: str, _arg: Any) -> Any:
        self.count += event == "line"
        return self.trace


@contextmanager
def counted() -> Iterator[Lines]:
    lines = Lines()
    before = sys.gettrace()
    sys.settrace(lines.trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def cost(framer: Framer, pieces: Iterable[bytes]) -> int:
    with counted() as lines:
        for piece in pieces:
            framer.feed(piece)
        framer.silence()
    return lines.count


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_flood_costs_twice_the_steps_at_most(kind: Kind) -> None:
    for unit in [kind.alphabet[:1], kind.alphabet[:2], kind.alphabet, kind.alphabet[::-1]]:
        times = STEPS_OF_BYTES // len(unit)
        once = cost(kind.framer(), [unit * times])
        assert cost(kind.framer(), [unit * (2 * times)]) <= 2.2 * once + 100
        once = cost(kind.framer(), repeat(unit, times))
        assert cost(kind.framer(), repeat(unit, 2 * times)) <= 2.2 * once + 100


@pytest.mark.parametrize("kind", KINDS)
def test_no_flood_is_kept_beyond_the_longest_frame(kind: Kind) -> None:
    most = 2 * kind.framing.max_length + 10
    for byte in set(kind.alphabet):
        framer = kind.framer()
        framer.feed(kind.alphabet)
        framer.feed(bytes([byte]) * FLOOD_BYTES)
        assert len(held(framer)) <= most


def test_a_flood_of_false_starts_does_not_have_each_byte_checked_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked = 0
    crc, width = ALGORITHMS["crc-16/modbus"]

    def counting(data: bytes) -> int:
        nonlocal checked
        checked += len(data)
        return crc(data)

    monkeypatch.setitem(ALGORITHMS, "crc-16/modbus", Algorithm(counting, width))
    framing = LengthField(type="length", start=b"\x0f", at=1, size=2, extra=2, max_length=8192)
    framer = framer_of(framing, MODBUS_CRC)
    flood = b"\x0f" * 100_000
    for at in range(0, len(flood), 4096):
        framer.feed(flood[at : at + 4096])
    assert checked <= CHECKED_AGAIN_BYTES * len(flood) + CHECKED_AT_ONCE_BYTES + framing.max_length
    good = sealed(b"\x0f\x00\x02ok")
    framer.feed(b"\x00" * 8192)
    assert [frame.body for frame in framer.feed(good)] == [b"ok"]


def sealed(before: bytes) -> bytes:
    seal = seal_of(MODBUS_CRC)
    assert isinstance(seal, Seal)
    return before + seal.seal(before)


def test_noise_without_marks_does_not_use_up_what_may_be_checked_again() -> None:
    """In noise each place looks like a frame of some length: the frame behind it comes out all the same."""
    framing = LengthField(type="length", at=1, size=2, extra=2)
    noise = bytes((at * at * 7 + at // 3) % 256 for at in range(50_000))
    framer = framer_of(framing, Checksum(type="crc-16/modbus", endian="little"))
    found = framer.feed(noise + sealed(b"x\x00\x05hello") + bytes(8192))
    assert b"hello" in [frame.body for frame in found]
