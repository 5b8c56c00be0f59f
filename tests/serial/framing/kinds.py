"""Every kind of framing, in its harder forms, as the configuration has them; and bytes that matter to it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Framing
from tests.serial.framing.streams import BCC, Kind

SUM8 = Checksum(type="sum8")

_FRAMINGS: TypeAdapter[Framing] = TypeAdapter(Framing)

_DLE = {"type": "escaped", "start": "\x10\x02", "end": "\x10\x03"}
_FLAGS = {"type": "escaped", "start": {"hex": "7E"}, "end": {"hex": "7E"}, "escape": {"hex": "7D"}, "xor": 0x20}

_KINDS: list[tuple[str, dict[str, Any], Checksum | None, bytes]] = [
    ("line-auto", {"type": "line"}, None, b"ab\r\n"),
    ("line-crlf", {"type": "line", "terminator": "\r\n", "max_length": 5}, None, b"ab\r\n"),
    ("line-several", {"type": "line", "terminator": ["\r", "\r\n", "ab"], "max_length": 4}, None, b"ab\r\n"),
    ("line-suffixes", {"type": "line", "terminator": ["\n", "\r\n", "\ra\r\n"], "max_length": 4}, None, b"ab\r\n"),
    ("line-repeated", {"type": "line", "terminator": "aa", "max_length": 4}, None, b"ab"),
    ("line-checked", {"type": "line", "terminator": "\n"}, SUM8, b"\x01\x02\x03\n"),
    ("fixed", {"type": "fixed", "length": 3}, None, b"ab"),
    ("fixed-start", {"type": "fixed", "length": 4, "start": "ab"}, None, b"abc"),
    ("fixed-checked", {"type": "fixed", "length": 3}, SUM8, b"\x01\x02\x03"),
    ("fixed-start-checked", {"type": "fixed", "length": 4, "start": "\x01"}, SUM8, b"\x01\x02\x03"),
    ("start-end", {"type": "start-end", "start": "a", "end": "b", "max_length": 6}, None, b"abc"),
    ("start-end-long", {"type": "start-end", "start": "aab", "end": "ba", "max_length": 9}, None, b"abc"),
    ("start-end-alike", {"type": "start-end", "start": "ab", "end": "ac", "trailer": 1, "max_length": 8}, None, b"abc"),
    ("start-end-same", {"type": "start-end", "start": "a", "end": "a", "max_length": 6}, None, b"abc"),
    ("start-end-over", {"type": "start-end", "start": "ab", "end": "ca", "max_length": 8}, None, b"abc"),
    ("start-end-within", {"type": "start-end", "start": "abc", "end": "b", "max_length": 8}, None, b"abc"),
    ("start-end-bcc", {"type": "start-end", "start": "\x01", "end": "\x02", "max_length": 9}, BCC, b"\x01\x02\x03\x00"),
    ("length", {"type": "length", "at": 0, "max_length": 6}, None, b"\x00\x01\x02\x09"),
    ("length-start", {"type": "length", "start": "ab", "at": 2, "max_length": 7}, None, b"ab\x00\x02\x09"),
    (
        "length-checked",
        {"type": "length", "start": "\x01", "at": 1, "extra": 1, "max_length": 6},
        SUM8,
        b"\x01\x02\x03\x00",
    ),
    (
        "length-of-all",
        {"type": "length", "at": 1, "size": 2, "counts": "frame", "max_length": 6},
        SUM8,
        b"\x00\x04\x05",
    ),
    (
        "length-less",
        {"type": "length", "at": 1, "extra": -2, "endian": "little", "size": 2, "max_length": 6},
        None,
        b"\x00\x04\x01",
    ),
    ("gap", {"type": "gap", "gap": "20ms", "max_length": 6}, None, b"ab"),
    ("gap-checked", {"type": "gap", "gap": "20ms"}, SUM8, b"\x01\x02\x03"),
    ("slip", {"type": "slip", "max_length": 5}, None, b"\xc0\xdb\xdc\xdd"),
    ("slip-checked", {"type": "slip"}, SUM8, b"\xc0\x01\x02"),
    ("cobs", {"type": "cobs", "max_length": 5}, None, b"\x00\x01\x02\x03\xff"),
    ("cobs-checked", {"type": "cobs"}, SUM8, b"\x00\x01\x02\x03"),
    ("dle", {**_DLE, "max_length": 7}, None, b"\x10\x10\x02\x03a"),
    ("dle-checked", {**_DLE}, SUM8, b"\x10\x10\x02\x03\x15\x25"),
    ("dle-crc-within", {**_DLE, "trailer": 1}, Checksum(type="sum8", first=2, at=-4), b"\x10\x02\x03a"),
    ("stx-escaped", {"type": "escaped", "max_length": 6}, None, b"\x10\x02\x03a"),
    ("stx-xor", {"type": "escaped", "xor": 0x20, "max_length": 6}, None, b"\x10\x02\x03\x22"),
    ("stx-to-pair", {"type": "escaped", "end": "\x10\x03", "max_length": 6}, None, b"\x10\x02\x03a"),
    ("flags", {**_FLAGS, "max_length": 6}, None, b"\x7e\x7d\x5ea"),
    ("flags-checked", {**_FLAGS}, Checksum(type="sum8", first=1), b"\x7e\x7d\x5e\x01\x02"),
    ("iec", {"type": "iec62056-21", "max_length": 12}, None, b"\x02\x03\x01\x04\x06!a"),
    ("iec-line", {"type": "iec62056-21", "max_length": 20}, None, b"/abX3\r\n\x02!"),
]

KINDS = [
    pytest.param(Kind(_FRAMINGS.validate_python(said), checksum, alphabet), id=name)
    for name, said, checksum, alphabet in _KINDS
]
