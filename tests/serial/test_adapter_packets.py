"""What is sent on slip, cobs and escaped links is packed there, with one checksum, whoever puts it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.serial.config import SerialLink
from adapters.serial.framing.make import framer_of
from tests.serial.talk.rig import Rig, on_a_line

ESCAPED = {"type": "escaped"}
DLE = {**ESCAPED, "start": "\x10\x02", "end": "\x10\x03"}
FLAGS = {**ESCAPED, "start": {"hex": "7E"}, "end": {"hex": "7E"}, "escape": {"hex": "7D"}, "xor": 0x20}
CRC = {"type": "crc-16/modbus"}

LINKS = [
    pytest.param({"type": "slip"}, CRC, 1, id="slip"),
    pytest.param({"type": "cobs"}, CRC, 1, id="cobs"),
    pytest.param(DLE, {**CRC, "first": 2, "at": -4}, 3, id="dle, within"),
    pytest.param(FLAGS, {**CRC, "first": 1}, 2, id="flags"),
]


@pytest.mark.parametrize("send", ["C0 00 10 7E {checksum}", "C0 00 10 7E"])
@pytest.mark.parametrize(("framing", "checksum", "at"), LINKS)
def test_a_poll_goes_out_with_one_checksum_and_its_answer_is_read(
    monkeypatch: pytest.MonkeyPatch, framing: dict[str, Any], checksum: dict[str, Any], at: int, send: str
) -> None:
    link = {"framing": framing, "checksum": checksum}
    whole = SerialLink.model_validate({"adapter": "serial", "port": "/dev/ttyS0", **link})
    far = framer_of(whole.framing, whole.checksum)
    asked: list[bytes] = []

    def answers(data: bytes) -> bytes | None:
        asked.extend(frame.body for frame in far.feed(data))
        return far.wrap(b"\xc0\x07\xdb") if asked else None

    points = {"v": {"at": at, "type": "uint8"}}
    device = {"poll": {"send": {"hex": send}}, "every": "1s", "points": points}

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.5)
        assert asked == [b"\xc0\x00\x10\x7e"]
        assert rig.samples("d") == [{"v": 7}]

    on_a_line(monkeypatch.setattr, link, {"d": device}, happens, answers)
