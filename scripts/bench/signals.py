"""What the fleet's registers hold, known to the fleet that serves it and to the subscriber that checks it.

A frame is what one poll of one device reads: 100 registers by default. It begins with the number of the poll and the
monotonic time of the reading; the rest is a window of a long table, moved on by more than its length with each poll,
so that every register changes every time and every value that arrives can be checked.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Type = Literal["uint16", "float32"]

REGISTERS = 100
"""In a frame where nothing else is said."""
TABLES: Mapping[Type, int] = {"uint16": 1 << 16, "float32": 1 << 17}
"""Entries, all different: every word of 16 bits, and more than a hundred devices of 1,000 values read at once."""
DEVICE_STEP = 1303
"""Odd, so that many devices are spread, and wider than 1,000 values, so that windows of one poll do not overlap."""
FLOAT_BITS = 24
"""Integers up to 2**24 are exact in a float32."""
LOW_BITS = 20
"""The time of a float frame is split here, microseconds below 1.05 s and the rest."""


@dataclass(frozen=True)
class Frame:
    """The layout of one type's frames: marks (poll number and time), then `values` window entries."""

    type: Type
    registers: int
    marks: int
    values: int
    table: bytes
    expected: Sequence[float]
    pack: Callable[[int, int], bytes]
    unpack: Callable[[Sequence[float]], tuple[int, int]]

    def start(self, device: int, poll: int) -> int:
        """Where the window of this poll begins, in entries; odd steps visit every place of the table."""
        return (device * DEVICE_STEP + poll * (self.registers | 1)) % TABLES[self.type]

    @property
    def points(self) -> int:
        """Values per frame, marks included."""
        return self.marks + self.values


def frame_of(kind: Type, registers: int = REGISTERS) -> Frame:
    """The layout and the table of `uint16` or `float32` frames."""
    return _uint16_frame(registers) if kind == "uint16" else _float32_frame(registers)


def _uint16_frame(registers: int) -> Frame:
    entries = list(range(TABLES["uint16"]))
    random.Random(1).shuffle(entries)
    entries += entries[:registers]
    marks = struct.Struct(">IHI")
    return Frame(
        type="uint16",
        registers=registers,
        marks=5,
        values=registers - 5,
        table=struct.pack(f">{len(entries)}H", *entries),
        expected=entries,
        pack=lambda poll, time_us: marks.pack(poll, time_us >> 32 & 0xFFFF, time_us & 0xFFFFFFFF),
        unpack=_unpack_words,
    )


def _unpack_words(marks: Sequence[float]) -> tuple[int, int]:
    poll_high, poll_low, high, middle, low = (int(mark) for mark in marks)
    return poll_high << 16 | poll_low, high << 32 | middle << 16 | low


def _float32_frame(registers: int) -> Frame:
    raw = _float32_words()
    raw += raw[:registers]
    marks = struct.Struct(">fff")
    mask = (1 << FLOAT_BITS) - 1
    return Frame(
        type="float32",
        registers=registers,
        marks=3,
        values=registers // 2 - 3,
        table=b"".join(raw),
        expected=[float(shortest_float32(word)) for word in raw],
        pack=lambda poll, time_us: marks.pack(poll & mask, time_us >> LOW_BITS & mask, time_us & (1 << LOW_BITS) - 1),
        unpack=lambda marks: (int(marks[0]), int(marks[1]) << LOW_BITS | int(marks[2])),
    )


def _float32_words() -> list[bytes]:
    """Different float32 between 0.1 and 10,000, a third each of 3 to 5, of 6 and 7, and of 8 and 9 digits."""
    rng = random.Random(2)
    words: dict[bytes, None] = {}
    digits_of = (lambda: rng.randint(3, 5), lambda: rng.randint(6, 7), lambda: 17)
    while len(words) < TABLES["float32"]:
        value = 10 ** rng.uniform(-1, 4)
        digits = digits_of[len(words) % 3]()
        words[struct.pack(">f", float(f"{value:.{digits}g}"))] = None
    return list(words)


def shortest_float32(word: bytes) -> str:
    """The shortest decimal that gives the same float32."""
    value: float = struct.unpack(">f", word)[0]
    return next(text for digits in range(1, 10) if struct.pack(">f", float(text := f"{value:.{digits}g}")) == word)
