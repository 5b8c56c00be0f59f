"""Streams of bytes, cut as a line or a network may cut them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import strategies as st

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Framing
from adapters.serial.framing.frame import Frame, Framer, Losses
from adapters.serial.framing.make import framer_of

MODBUS_CRC = Checksum(type="crc-16/modbus", endian="little")
BCC = Checksum(type="xor8", first=1)


class Kind(NamedTuple):
    """A framing and its checksum, and bytes that matter to it: streams of them are the hardest."""

    framing: Framing
    checksum: Checksum | None
    alphabet: bytes

    def framer(self) -> Framer:
        return framer_of(self.framing, self.checksum)


class Outcome(NamedTuple):
    """What a framer made of a stream."""

    frames: list[Frame]
    losses: Losses
    held: bytes


def outcome(framer: Framer, pieces: Iterable[bytes]) -> Outcome:
    """All of it, piece by piece."""
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    return Outcome(frames, framer.losses, held(framer))


def held(framer: Framer) -> bytes:
    """What it keeps for later."""
    return framer._held


def each_byte(stream: bytes) -> list[bytes]:
    return [stream[at : at + 1] for at in range(len(stream))]


def cut_at(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """Some of the pieces may be empty."""
    ends = sorted(min(place, len(stream)) for place in places)
    return [stream[begin:end] for begin, end in zip([0, *ends], [*ends, len(stream)], strict=True)]


def of_bytes(alphabet: bytes, min_size: int = 0) -> st.SearchStrategy[bytes]:
    """Streams of a few bytes that mean something."""
    drawn = st.binary(min_size=min_size, max_size=60)
    return drawn.map(lambda each: bytes(alphabet[number % len(alphabet)] for number in each))
