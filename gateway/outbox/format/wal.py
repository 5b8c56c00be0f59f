"""SQLite's write-ahead log as bytes: which frames it holds, and which of them are whole. Pure.

Source: sqlite.org/fileformat2.html, section 4, "The Write-Ahead Log".
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

HEADER_BYTES = 32

FRAME_HEADER_BYTES = 24

MAGICS = (0x377F0682, 0x377F0683)
"""Checksums over little-endian and over big-endian words."""

Read = Callable[[int, int], bytes]
"""So many bytes from this offset of a file, fewer at its end."""


class Log(NamedTuple):
    """What a log's header says; a broken header is taken from the frames as far as they show it."""

    page_size: int
    big_endian: bool
    salts: bytes
    is_whole: bool


class Frame(NamedTuple):
    """One page as a transaction left it; `pages` is the file's size if that transaction ended here, else 0."""

    number: int
    """From 1, in the order of writing."""
    page: int
    pages: int


def read_log(read: Read, page_size: int) -> Log | None:
    """The log of this file; None if it is empty. `page_size` is for a header that can't be read."""
    header = read(0, HEADER_BYTES)
    first = read(HEADER_BYTES, FRAME_HEADER_BYTES)
    if len(first) < FRAME_HEADER_BYTES:
        return None
    magic, _, size = struct.unpack_from(">III", header)
    log = Log(size, magic == MAGICS[1], header[16:24], is_whole=True)
    if magic in MAGICS and checksum(header[:24], (0, 0), big_endian=log.big_endian) == _pair(header, 24):
        return log
    return Log(page_size, big_endian=False, salts=first[8:16], is_whole=False)


def frames(read: Read, log: Log) -> list[Frame]:
    """The frames of this log that belong to transactions that ended, damaged or not; those of earlier logs are not."""
    found = list[Frame]()
    for number, header in _headers(read, log):
        page, pages = struct.unpack_from(">II", header)
        if header[8:16] == log.salts and page > 0:
            found.append(Frame(number, page, pages))
    if found and not read(data_offset(log, found[-1].number) + log.page_size - 1, 1):
        found.pop()
    while found and not found[-1].pages:
        found.pop()
    return found


def transactions(found: list[Frame], accepted: int) -> int:
    """How many transactions ended after this frame."""
    return sum(1 for frame in found if frame.number > accepted and frame.pages)


def data_offset(log: Log, number: int) -> int:
    """Where the page of a frame lies in the file."""
    return HEADER_BYTES + (number - 1) * (FRAME_HEADER_BYTES + log.page_size) + FRAME_HEADER_BYTES


def is_whole(read: Read, log: Log, number: int) -> bool:
    """Whether a frame is as it was written, as far as the checksum before it is."""
    at = data_offset(log, number) - FRAME_HEADER_BYTES
    header = read(at, FRAME_HEADER_BYTES)
    data = read(at + FRAME_HEADER_BYTES, log.page_size)
    if len(header) < FRAME_HEADER_BYTES or len(data) < log.page_size:
        return False
    seed = _pair(read(24, 8), 0) if number == 1 else _pair(read(at - FRAME_HEADER_BYTES - log.page_size + 16, 8), 0)
    found = checksum(data, checksum(header[:8], seed, big_endian=log.big_endian), big_endian=log.big_endian)
    return found == _pair(header, 16)


def checksum(data: bytes, seed: tuple[int, int], *, big_endian: bool) -> tuple[int, int]:
    """The log's running checksum; `data` is a multiple of 8 bytes."""
    words = array("I", data)
    if (struct.pack("=I", 1) == struct.pack(">I", 1)) != big_endian:
        words.byteswap()
    one, two = seed
    each = iter(words)
    for first, second in zip(each, each, strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two


def _headers(read: Read, log: Log) -> Iterator[tuple[int, bytes]]:
    number = 1
    while len(header := read(data_offset(log, number) - FRAME_HEADER_BYTES, FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES:
        yield number, header
        number += 1


def _pair(data: bytes, at: int) -> tuple[int, int]:
    one, two = struct.unpack_from(">II", data, at)
    return one, two
