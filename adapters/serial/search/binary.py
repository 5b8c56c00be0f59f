"""Ways to cut bytes that are no text into frames. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

from adapters.serial.config.framing import Cobs, Escaped, Fixed, Framing, Gap, LengthField, Slip
from adapters.serial.framing.make import framer_of
from adapters.serial.search.candidate import Candidate, checked_by
from adapters.serial.search.heard import Heard
from adapters.serial.search.sums import checksum_of
from adapters.serial.search.text import GAP

LOOKED_AT_BYTES = 1024
"""Of what was heard: enough frames to tell, and the loop must not wait for more."""
LEAST_FRAMES = 4
"""Whose lengths fit by chance no more."""
SURE_FRAMES = 12
"""Without a checksum."""
FIRST_PLACES = 64
"""Where the first whole frame may begin: behind the rest of one that was under way."""
MAX_LENGTH_AT = 5
EXTRA = range(5)
"""What a length may leave out: a checksum, an end mark."""
PERIODS = range(3, 65)
LEAST_ALIKE, OF_BEST = 0.4, 0.6
"""The share of bytes that are again what they were a period before, in frames of one length; what counts takes turns
in some, so that several periods are more alike than one.
"""
USUAL = 0.8

Endian = Literal["big", "little"]


class _Length(NamedTuple):
    """Where it stands, and what must be added to it to have the whole frame."""

    at: int
    size: Literal[1, 2]
    endian: Endian
    added: int


def of_bytes(heard: Heard) -> Iterator[Candidate]:
    """What it may be if it is no text."""
    data = heard.data[:LOOKED_AT_BYTES]
    yield from _sized(data)
    yield from _fixed(heard.utterances(), data)
    yield from _stuffed(data)
    yield Candidate(Gap.model_validate({"type": "gap", "gap": GAP}), "bytes between pauses", 0.2)


def _sized(data: bytes) -> Iterator[Candidate]:
    """Frames with a start mark that say how long they are: the chain that leads furthest."""
    best: tuple[float, _Length, list[bytes]] | None = None
    for length in LENGTHS:
        for begin in range(min(FIRST_PLACES, len(data))):
            frames = _chained(data, begin, length)
            if len(frames) < LEAST_FRAMES:
                continue
            rank = len(frames) * (2.0 if len({len(each) for each in frames}) > 1 else 1.0)
            if best is None or rank > best[0]:
                best = rank, length, frames
    if best is None:
        return
    rank, length, frames = best
    start = _common_start(frames)[: length.at]
    head = length.at + length.size
    counts = "rest" if length.added >= head else "frame"
    extra = length.added - (head if counts == "rest" else 0)
    given: dict[str, Any] = {"start": start, "at": length.at, "size": length.size, "endian": length.endian}
    framing = LengthField(type="length", **given, counts=counts, extra=extra)  # type: ignore[arg-type]
    checksum = checksum_of(frames)
    varies = rank > len(frames)
    likely = (0.99 if varies else 0.9) if checksum else min(0.8 if varies else 0.45, len(frames) / SURE_FRAMES)
    yield Candidate(framing, f"frames with a length at byte {length.at}{checked_by(checksum)}", likely, checksum)


def _lengths() -> Iterator[_Length]:
    for at in range(1, MAX_LENGTH_AT + 1):
        for size, endian in ((1, "big"), (2, "big"), (2, "little")):
            for added in chain(EXTRA, (at + size + extra for extra in EXTRA if extra or at + size not in EXTRA)):
                yield _Length(at, size, endian, added)  # type: ignore[arg-type]


LENGTHS = tuple(_lengths())


def _chained(data: bytes, begin: int, length: _Length) -> list[bytes]:
    """Frames from there on that follow each other without a byte between them, all with the first one's first byte."""
    place, size_bytes, endian, added = length
    head, frames, at = place + size_bytes, list[bytes](), begin
    first = data[begin]
    while at + head <= len(data) and data[at] == first:
        said = data[at + place] if size_bytes == 1 else int.from_bytes(data[at + place : at + head], endian)
        size = said + added
        if size <= head or size > len(data) - begin:
            return []
        if at + size > len(data):
            break
        frames.append(data[at : at + size])
        at += size
    ended = at + head > len(data) or data[at] == first
    return frames if ended else []


def _fixed(utterances: Sequence[bytes], data: bytes) -> Iterator[Candidate]:
    """Frames of one length: as pauses part them, else by what comes again and again."""
    size = _usual_size(utterances) or _period(data)
    if size not in PERIODS or len(data) < LEAST_FRAMES * size:
        return
    constant = [len(set(data[column::size])) == 1 for column in range(size)]
    places = [at for at in range(size) if constant[at] and not constant[at - 1]]
    for at in places:
        frames = [data[begin : begin + size] for begin in range(at, len(data) - size + 1, size)]
        checksum = checksum_of(frames)
        if checksum or at == places[-1]:
            framing = Fixed(type="fixed", length=size, start=_common_start(frames)[: size - 1])
            likely = 0.97 if checksum else 0.35
            yield Candidate(framing, f"frames of {size} bytes{checked_by(checksum)}", likely, checksum)
            return


def _usual_size(utterances: Sequence[bytes]) -> int:
    """Of all but a few; 0 where there is none."""
    size, number = Counter(map(len, utterances)).most_common(1)[0]
    return size if number >= max(LEAST_FRAMES, USUAL * len(utterances)) else 0


def _period(data: bytes) -> int:
    """After how many bytes most come again; 0 where they don't."""
    alike = {size: _alike(data, size) for size in PERIODS if len(data) >= LEAST_FRAMES * size}
    best = max(alike.values(), default=0.0)
    return next((size for size, share in alike.items() if share >= max(LEAST_ALIKE, OF_BEST * best)), 0)


def _alike(data: bytes, size: int) -> float:
    return sum(a == b for a, b in zip(data, data[size:], strict=False)) / (len(data) - size)


def _stuffed(data: bytes) -> Iterator[Candidate]:
    """SLIP, COBS, DLE: what is left of it must be frames whose checksum is right, or which are of one length."""
    tried: list[tuple[Framing, bytes, str]] = [
        (Escaped(type="escaped", start=b"\x10\x02", end=b"\x10\x03"), b"\x10\x02", "frames from DLE STX to DLE ETX"),
        (Slip(type="slip"), b"\xc0", "SLIP"),
        (Cobs(type="cobs"), b"\0", "COBS"),
    ]
    for framing, mark, what in tried:
        if data.count(mark) < LEAST_FRAMES:
            continue
        framer = framer_of(framing, None)
        frames = [frame.data for frame in framer.feed(data)][1:]
        checksum = checksum_of(frames)
        if len(frames) >= LEAST_FRAMES - 1 and (checksum or mark == b"\x10\x02" or _is_even(data, mark)):
            likely = 0.97 if checksum else 0.6
            yield Candidate(framing, f"{what}{checked_by(checksum)}", likely, checksum)


def _is_even(data: bytes, mark: bytes) -> bool:
    """Whether marks come in even distances, as between frames of one kind."""
    parts = [part for part in data.split(mark)[1:-1] if part]
    return len(parts) >= LEAST_FRAMES and max(map(len, parts)) <= 2 * min(map(len, parts)) and min(map(len, parts)) > 1


def _common_start(frames: Sequence[bytes]) -> bytes:
    shortest = min(map(len, frames))
    same = next((at for at in range(shortest) if len({frame[at] for frame in frames}) > 1), shortest)
    return frames[0][:same]
