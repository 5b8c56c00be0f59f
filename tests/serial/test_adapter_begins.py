"""What comes as soon as a port is open: it may be the rest of what began before."""

import asyncio
from functools import reduce
from operator import xor
from typing import Any

import pytest

from adapters.serial.talk.wire import AMID_S
from tests.serial.talk.rig import Rig, on_a_line

PLAIN: dict[str, Any] = {"match": r"^\s*(?P<w>\d+\.\d+)$", "points": {"w": {"type": "float"}}}
"""As many scales print it: the end of a line looks like a whole one."""
ASKED: dict[str, Any] = {**PLAIN, "every": "10s", "poll": {"send": "?\r\n"}}
SUM: dict[str, Any] = {"checksum": {"type": "xor8", "encoding": "hex"}}


def heard(
    monkeypatch: pytest.MonkeyPatch, after_s: float, *pieces: bytes, device: dict[str, Any] = PLAIN, **link: Any
) -> list[dict[str, Any]]:
    """What becomes of bytes that come so long after the port was opened."""
    samples: list[dict[str, Any]] = []

    async def happens(rig: Rig) -> None:
        for number, piece in enumerate(pieces):
            rig.loop.call_at(after_s + number * 0.01, rig.far.say, piece)
        await asyncio.sleep(3)
        samples.extend(rig.samples("d"))

    on_a_line(monkeypatch.setattr, link, {"d": device}, happens, amid_s=AMID_S)
    return samples


def test_a_line_that_began_before_the_port_was_open_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch, 0.001, b"3.4", b"5\r\n", b"  123.45\r\n") == [{"w": 123.45}]


def test_what_begins_after_a_silence_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch, AMID_S, b"  123.45\r\n") == [{"w": 123.45}]


def test_what_is_asked_for_is_whole_however_soon_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard(monkeypatch, 0.01, b"123.45\r\n", device=ASKED)[:1] == [{"w": 123.45}]


def test_a_checksum_shows_by_itself_that_a_line_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"123.45"
    assert heard(monkeypatch, 0.001, b"%b%02X\r\n" % (text, reduce(xor, text)), **SUM) == [{"w": 123.45}]


def test_a_packet_between_pauses_that_began_before_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = {"framing": {"type": "gap", "gap": "500ms"}}
    assert heard(monkeypatch, 0.001, b"3.45", **gap) == []
    assert heard(monkeypatch, AMID_S, b"3.45", **gap) == [{"w": 3.45}]


@pytest.mark.parametrize(("kind", "end"), [("slip", b"\xc0"), ("cobs", b"\0")])
def test_a_packet_that_began_before_is_no_value(monkeypatch: pytest.MonkeyPatch, kind: str, end: bytes) -> None:
    device = {"points": {"a": {"at": 0, "type": "uint8"}}}
    whole = b"\x02\x07" + end
    assert heard(monkeypatch, 0.001, whole, device=device, framing={"type": kind}) == []
    assert len(heard(monkeypatch, 0.001, whole, whole, device=device, framing={"type": kind})) == 1
