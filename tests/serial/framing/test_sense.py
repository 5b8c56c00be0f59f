from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from adapters.serial.checksums import Checksum
from adapters.serial.config import SerialLink
from adapters.serial.config.framing import Framing
from adapters.serial.framing.sense import unfit
from adapters.serial.outlook.advice import advice

FRAMINGS: TypeAdapter[Framing] = TypeAdapter(Framing)
MARKS = {"type": "start-end", "start": "\x02", "end": "\x03"}
DLE = {"type": "escaped", "start": "\x10\x02", "end": "\x10\x03"}
FLAGS = {"type": "escaped", "start": {"hex": "7E"}, "end": {"hex": "7E"}, "escape": {"hex": "7D"}, "xor": 0x20}


def reason(framing: dict[str, Any], checksum: dict[str, Any] | None) -> str | None:
    return unfit(FRAMINGS.validate_python(framing), Checksum(**checksum) if checksum is not None else None)


@pytest.mark.parametrize(
    ("framing", "checksum"),
    [
        ({"type": "line"}, None),
        ({"type": "line"}, {"type": "nmea"}),
        (MARKS, {"type": "xor8"}),
        ({**MARKS, "trailer": 1}, {"type": "xor8"}),
        ({**MARKS, "trailer": 3}, {"type": "xor8", "at": -3}),
        ({**MARKS, "trailer": 1}, {"type": "xor8", "at": -3}),
        (MARKS, {"type": "xor8", "at": -2}),
        (MARKS, {"type": "sum8", "encoding": "hex", "at": -3}),
        ({**MARKS, "end": "\r\n"}, {"type": "sum8", "encoding": "hex", "at": -4}),
        (DLE, {"type": "crc-16/modbus"}),
        (DLE, {"type": "crc-16/modbus", "at": -4}),
        (FLAGS, {"type": "crc-16/x25", "first": 1}),
        ({"type": "fixed", "length": 3}, {"type": "crc-16/modbus"}),
        ({"type": "fixed", "length": 3}, {"type": "sum8", "first": 1, "until": 2}),
        ({"type": "length", "at": 1, "extra": -2}, None),
        ({"type": "cobs"}, {"type": "crc-16/modbus"}),
    ],
)
def test_what_can_work_is_not_refused(framing: dict[str, Any], checksum: dict[str, Any] | None) -> None:
    assert reason(framing, checksum) is None


@pytest.mark.parametrize(
    ("framing", "checksum", "sentence"),
    [
        ({"type": "iec62056-21"}, {"type": "xor8"}, "leave checksum out"),
        ({**MARKS, "trailer": 0}, {"type": "xor8"}, "with trailer: 1 they follow it, with checksum at: -2 they"),
        ({**MARKS, "trailer": 1}, {"type": "sum16"}, "with trailer: 2 they follow it"),
        ({**MARKS, "end": "\r\n"}, {"type": "sum8", "at": -2}, "at: -3 they stand before it"),
        ({**DLE, "trailer": 0}, {"type": "crc-16/modbus"}, "at: -4 they stand before it"),
        ({**MARKS, "start": "a", "end": "ab"}, None, "the end mark contains the start mark"),
        ({**MARKS, "max_length": 3, "trailer": 2}, None, "marks and trailer alone are 4 bytes"),
        ({"type": "fixed", "length": 2}, {"type": "crc-16/modbus"}, "frames of 2 bytes have no room"),
        ({"type": "fixed", "length": 4}, {"type": "xor8", "at": 4}, "frames of 4 bytes have no room"),
        ({"type": "length", "at": 0, "extra": -256}, None, "takes off more than 1 bytes of length can say"),
        ({"type": "line"}, {"type": "sum16", "until": -1}, "it would cover itself"),
        ({"type": "line"}, {"type": "sum8", "at": 3, "until": 4}, "it would cover itself"),
        ({"type": "line"}, {"type": "sum8", "first": 3, "until": 2}, "nothing would be covered"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(
    framing: dict[str, Any], checksum: dict[str, Any] | None, sentence: str
) -> None:
    said = reason(framing, checksum)
    assert said is not None
    assert sentence in said


def test_a_link_that_cannot_work_is_refused_where_its_framing_stands() -> None:
    link = SerialLink.model_validate(
        {"adapter": "serial", "port": "/dev/ttyS0", "framing": {"type": "iec62056-21"}, "checksum": {"type": "xor8"}}
    )
    (found,) = advice(link, {}, lambda _path: None)
    assert (found.kind, found.path) == ("impossible", ("framing",))
    assert "leave checksum out" in found.text
