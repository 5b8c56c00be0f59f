"""Sets of characters, as ranges in order that do not touch. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""The first and the last character of each, by number."""

LAST_BYTE, LAST_CHARACTER = 0xFF, 0x10FFFF

DIGIT: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
UPPER: Ranges = ((0x41, 0x5A),)
LOWER: Ranges = ((0x61, 0x7A),)
POSIX: dict[str, Ranges] = {
    "alnum": (*DIGIT, *UPPER, *LOWER),
    "alpha": (*UPPER, *LOWER),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": LOWER,
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": UPPER,
    "word": WORD,
    "xdigit": (*DIGIT, (0x41, 0x46), (0x61, 0x66)),
}
"""Classes by the names that RE2 has for them."""

_PLAIN: Ranges = ((0x31, 0x31), *DIGIT, *UPPER, *LOWER, (0x20, 0x20), (0x21, 0x7E))
"""What people read best in an example, in this order."""


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All of them."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def others(ranges: Ranges, last: int) -> Ranges:
    """Every other character up to the last there is."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in union(ranges):
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    return (*found, (start, last)) if start <= last else tuple(found)


def both(one: Ranges, other: Ranges) -> Ranges:
    """What is in each."""
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((low, high) for low, high in pairs if low <= high)


def either_case(ranges: Ranges) -> Ranges:
    """With the other case of Latin letters."""
    offset = LOWER[0][0] - UPPER[0][0]
    up = ((low - offset, high - offset) for low, high in both(ranges, LOWER))
    down = ((low + offset, high + offset) for low, high in both(ranges, UPPER))
    return union((*ranges, *up, *down))


def plainest(ranges: Ranges) -> str | None:
    """One of them that people can read, if there is any; None if there is none at all."""
    for wanted in _PLAIN:
        if found := both((wanted,), ranges):
            return chr(found[0][0])
    return chr(ranges[0][0]) if ranges else None
