"""The pages of an outbox file as bytes: finds what waits in them also where SQLite gives up. Pure.

Source: sqlite.org/fileformat2.html, sections 1.5 "B-tree Pages" to 1.8 "Pointer Map", 2.1 "Record Format".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.outbox.entry import LANE_OF, Entry

PAGE_BYTES = 4096
"""SQLite's default since 2016; every outbox is made with it."""

TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02

LEAF_HEADER_BYTES = 8

CHILD_BYTES = 4
"""An interior page's header ends with the number of a page below it, and each of its cells begins with one."""

MIN_CELL_BYTES = 4
"""What SQLite reserves for each (section 1.6)."""

FREE_PAGE = b"\x02\x00\x00\x00\x00"
"""A pointer map's entry for a page that is not in use: its type, and no parent."""

ROOT_PAGE = b"\x01\x00\x00\x00\x00"
"""The entry of a table's first page, such as page 3 is."""

MAP_ENTRY_BYTES = 5

MAGIC = b"SQLite format 3\0"

FREE_LIST, LARGEST_ROOT = 32, 52
"""Places in a file's header (section 1.3): the list's first page and length; not zero where there are maps."""

MAX_PAYLOAD_BYTES = 64 * 1024**2
"""Of one row: no envelope is larger than the room in memory where it waited."""

MAX_OVERFLOW_PAGES = 2 * MAX_PAYLOAD_BYTES // PAGE_BYTES
"""Read for all rows of one page together: damaged ones may all point to the same chain."""

ENVELOPE_COLUMNS = (8, 9)
"""Of the first schema, and of those since `ahead_ms`. Dead letters have more."""

EVERY_ID, NO_ID = 0, 1 << 62
"""From which id on a seal covers the whole row: the one kind of seal and the other."""

ReadPage = Callable[[int], bytes | None]
"""A page by its number, from 1; None where there is none."""

Cell = int | float | str | bytes | None


class Damaged(ValueError):
    """These bytes are no row."""


class Found(NamedTuple):
    """The rows of one page: those that are as they were written, and how many more there were."""

    entries: list[Entry]
    damaged: int


def envelopes(page: bytes, read: ReadPage) -> Found:
    """What waits in a page of the table `envelope`; nothing in any other page. Never raises."""
    found, damaged = list[Entry](), 0
    if page[:1] != bytes([TABLE_LEAF]):
        return Found(found, damaged)
    read = _at_most(MAX_OVERFLOW_PAGES, read)
    for at in _cells(page):
        try:
            entry = _envelope(page, at, read)
        except (Damaged, ValueError, IndexError, struct.error):
            damaged += 1
            continue
        if entry is not None:
            found.append(entry)
    return Found(found, damaged)


def settings(page: bytes, read: ReadPage) -> dict[str, int]:
    """What a page of the table `meta` says; nothing in any other page. Never raises."""
    said = dict[str, int]()
    for record in records(page, read):
        if len(record) == 2 and isinstance(record[0], str) and isinstance(record[1], int):
            said[record[0]] = record[1]
    return said


def records(page: bytes, read: ReadPage) -> list[list[Cell]]:
    """What a page of an index, or of a table without row ids, holds; nothing in any other page. Never raises."""
    found = list[list[Cell]]()
    if page[:1] not in (bytes([INDEX_LEAF]), bytes([INDEX_INTERIOR])):
        return found
    child = CHILD_BYTES if page[0] == INDEX_INTERIOR else 0
    read = _at_most(MAX_OVERFLOW_PAGES, read)
    for at in _cells(page, LEAF_HEADER_BYTES + child):
        try:
            size, at_payload = _varint(page, at + child)
            found.append(_record(_payload(page, at_payload, size, read, is_index=True)))
        except (Damaged, ValueError, IndexError, struct.error):
            continue
    return found


def is_map(number: int, page_bytes: int = PAGE_BYTES) -> bool:
    """Whether this is a page that tells of the use of others."""
    return number == map_of(number, page_bytes)


def map_of(number: int, page_bytes: int = PAGE_BYTES) -> int:
    """The page that tells of this one's use."""
    each = page_bytes // MAP_ENTRY_BYTES + 1
    return (number - 2) // each * each + 2


def is_free(number: int, pointer_map: bytes | None) -> bool:
    """Whether a page is not in use, so that its rows are old ones; `pointer_map` is that of `map_of`."""
    if pointer_map is None or number < 3:
        return False
    at = (number - map_of(number, len(pointer_map)) - 1) * MAP_ENTRY_BYTES
    return pointer_map[at : at + MAP_ENTRY_BYTES] == FREE_PAGE


def has_maps(read: ReadPage) -> bool:
    """Whether there are pages that tell of the use of others: only where empty pages can be handed back one by one."""
    first, second = read(1), read(2)
    if first is not None and first.startswith(MAGIC):
        return first[LARGEST_ROOT : LARGEST_ROOT + 4] != bytes(4)
    return second is not None and second[:MAP_ENTRY_BYTES] == ROOT_PAGE


def free_list(read: ReadPage, pages: int) -> set[int]:
    """The pages not in use of a file of so many without such maps; none if the list is not whole (section 1.5)."""
    first = read(1)
    if first is None or not first.startswith(MAGIC):
        return set()
    trunk, count = struct.unpack_from(">II", first, FREE_LIST)
    free = set[int]()
    if count > pages:
        return free
    while trunk and trunk not in free and len(free) < count:
        page = read(trunk)
        if page is None:
            return set()
        free.add(trunk)
        trunk, leaves = struct.unpack_from(">II", page)
        if leaves > len(page) // 4 - 2:
            return set()
        free.update(struct.unpack_from(f">{leaves}I", page, 8))
    return free if len(free) == count and not trunk else set()


def _at_most(pages: int, read: ReadPage) -> ReadPage:
    """Nothing more is there once so many were read."""
    rest = iter(range(pages))

    def bounded(number: int) -> bytes | None:
        return read(number) if next(rest, None) is not None else None

    return bounded


def _cells(page: bytes, header_bytes: int = LEAF_HEADER_BYTES) -> Iterator[int]:
    """Where the cells of a page begin, as far as that can be so."""
    count = int.from_bytes(page[3:5], "big")
    first = header_bytes + 2 * count
    if count > (len(page) - header_bytes) // (2 + MIN_CELL_BYTES):
        return
    for (at,) in dict.fromkeys(struct.iter_unpack(">H", page[header_bytes:first])):
        if first <= at <= len(page) - MIN_CELL_BYTES:
            yield at


def _envelope(page: bytes, at: int, read: ReadPage) -> Entry | None:
    """Raises Damaged for a row of this table that is not whole; None for a row of another."""
    size, at = _varint(page, at)
    row_id, at = _varint(page, at)
    header_bytes, _ = _varint(page, at)
    columns = len(_types(page[at : at + header_bytes])) if header_bytes <= min(size, len(page) - at) else 0
    if columns not in ENVELOPE_COLUMNS:
        if columns == 0:
            raise Damaged("no header")
        return None
    record = _record(_payload(page, at, size, read, is_index=False))
    _, session, seq, kind, device, time_ms, payload, crc, *ahead = record
    ahead_ms = ahead[0] if ahead else None
    if not (isinstance(kind, str) and kind in LANE_OF and isinstance(device, str) and isinstance(payload, bytes)):
        raise Damaged("not of these types")
    if not (isinstance(session, int) and isinstance(seq, int) and isinstance(time_ms, int) and isinstance(crc, int)):
        raise Damaged("not of these types")
    if ahead_ms is not None and not isinstance(ahead_ms, int):
        raise Damaged("not of these types")
    entry = Entry(row_id, session, seq, kind, device, time_ms, payload, on_disk=True, ahead_ms=ahead_ms)
    if not (entry.is_intact(crc, EVERY_ID) or entry.is_intact(crc, NO_ID)):
        raise Damaged("the seal is broken")
    return entry


def _payload(page: bytes, at: int, size: int, read: ReadPage, *, is_index: bool) -> bytes:
    """What a cell holds, with the pages that it overflows to (section 1.6)."""
    usable = len(page)
    least = (usable - 12) * 32 // 255 - 23
    most = (usable - 12) * 64 // 255 - 23 if is_index else usable - 35
    if size > MAX_PAYLOAD_BYTES:
        raise Damaged("too large")
    if size <= most:
        if at + size > usable:
            raise Damaged("beyond the page")
        return page[at : at + size]
    local = least + (size - least) % (usable - 4)
    local = local if local <= most else least
    if at + local + 4 > usable:
        raise Damaged("beyond the page")
    pieces = [page[at : at + local]]
    pieces += _overflow(int.from_bytes(page[at + local : at + local + 4], "big"), size - local, usable, read)
    return b"".join(pieces)


def _overflow(number: int, rest: int, usable: int, read: ReadPage) -> Iterator[bytes]:
    seen = set[int]()
    while rest > 0:
        page = read(number) if number > 0 and number not in seen else None
        if page is None or len(page) < usable:
            raise Damaged("an overflow page is missing")
        seen.add(number)
        yield page[4 : 4 + min(rest, usable - 4)]
        rest -= usable - 4
        number = int.from_bytes(page[:4], "big")


def _record(payload: bytes) -> list[Cell]:
    header_bytes, _ = _varint(payload, 0)
    values = list[Cell]()
    at = header_bytes
    for type_ in _types(payload[:header_bytes]):
        size = _size(type_)
        if at + size > len(payload):
            raise Damaged("beyond the record")
        values.append(_value(type_, payload[at : at + size]))
        at += size
    return values


def _types(header: bytes) -> list[int]:
    """The serial types that a record's whole header names."""
    _, at = _varint(header, 0)
    types = list[int]()
    while at < len(header):
        type_, at = _varint(header, at)
        types.append(type_)
    return types


def _size(type_: int) -> int:
    if type_ >= 12:
        return (type_ - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[type_]


def _value(type_: int, data: bytes) -> Cell:
    """Section 2.1; text is UTF-8."""
    if type_ >= 12:
        return data.decode() if type_ % 2 else data
    if type_ == 0:
        return None
    if type_ == 7:
        (number,) = struct.unpack(">d", data)
        return float(number)
    if type_ in (8, 9):
        return type_ - 8
    return int.from_bytes(data, "big", signed=True)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to 64 bits, signed, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >= 1 << 63 else value, at + 9
