"""Devices that send by themselves."""

import asyncio
from typing import Any

import pytest

from adapters.serial.talk.wire import PIECE_BYTES
from tests.serial.talk.rig import Rig, on_a_line

SCALE: dict[str, Any] = {
    "match": r"^(?P<status>ST|US),(?P<kind>GS|NT),\s*(?P<weight>[-+]?\d+\.\d+)\s*kg$",
    "points": {
        "weight": {"from": "weight", "type": "float", "unit": "kg"},
        "stable": {"from": "status", "type": "bool", "enum": {"ST": True, "US": False}},
    },
    "commands": {
        "tare": {"send": "T\r\n", "expect": "^OK", "error": r"^E(?P<code>\d)", "errors": {"1": "in motion"}},
        "limit": {"args": {"kg": {"min": 0, "max": 500}}, "send": "L{kg:06.1f}\r\n", "expect": "^OK (?P<set>.*)$"},
        "beep": {"send": "B\r\n"},
        "zero": {"send": "Z\r\n", "error": "^E", "timeout": "100ms"},
    },
}


def test_each_frame_is_a_sample_in_whatever_pieces_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        for piece in (b"ST,GS,   12", b".34kg\r\nUS,NT,", b"  -0.50kg\r\n", b"noise\r\n"):
            rig.far.say(piece)
        assert rig.samples("scale") == [{"weight": 12.34, "stable": True}, {"weight": -0.5, "stable": False}]
        assert rig.states("scale") == [("online", None)]
        assert rig.adapter.counters()["unmatched"] == 1

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_only_a_line_that_never_rests_may_be_read_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.1)
        for _ in range(5):
            rig.far.say(b"ST,GS,   12.34kg\r\n")
            await asyncio.sleep(1)
        assert rig.far.patient == 0
        for _ in range(300):
            rig.far.say(b"ST,GS,   12.34kg\r\n")
            await asyncio.sleep(0.01)
        assert rig.far.patient > 200
        rig.adapter.tap(lambda _direction, _data: None)
        patient = rig.far.patient
        for _ in range(300):
            rig.far.say(b"ST,GS,   12.34kg\r\n")
            await asyncio.sleep(0.01)
        assert rig.far.patient == patient, "who looks on sees each piece when it comes"

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_nothing_is_read_later_while_somebody_waits_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        async def stream(times: int) -> None:
            for _ in range(times):
                rig.far.say(b"ST,GS,   12.34kg\r\n")
                await asyncio.sleep(0.01)

        await stream(100)
        before = rig.far.patient
        asked = asyncio.create_task(rig.execute("scale", invoke="tare"))
        await asyncio.sleep(0)
        await stream(50)
        assert rig.far.patient <= before + 1
        rig.far.say(b"OK\r\n")
        assert (await asked).status.value == "done"
        await stream(50)
        assert rig.far.patient > before + 30

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_one_that_falls_silent_is_offline_until_it_speaks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.far.say(b"ST,GS,   12.34kg\r\n")
        await asyncio.sleep(29)
        assert rig.states("scale") == [("online", None)]
        await asyncio.sleep(3)
        assert rig.states("scale")[1:] == [("offline", "silent")]
        rig.far.say(b"ST,GS,   12.34kg\r\n")
        assert rig.states("scale")[2:] == [("online", None)]

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


@pytest.mark.parametrize(
    ("link", "data", "words"),
    [
        ({}, b"\xf0\x0f\x80" * 5, "bytes arrive but no frame: wrong speed or framing?"),
        ({}, b"HELLO 1\r\n", "frames arrive, but none that `match`es: the last was 'HELLO 1'"),
        (
            {"checksum": {"type": "xor8", "encoding": "hex"}},
            b"ST,GS,   12.34kg00\r\n",
            "checksums are wrong: of the last",
        ),
    ],
)
def test_what_is_not_understood_is_told_once_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, link: dict[str, Any], data: bytes, words: str
) -> None:
    async def happens(rig: Rig) -> None:
        for _ in range(40):
            rig.far.say(data)
            await asyncio.sleep(1)
        ((device, text),) = rig.notices()
        assert device == "scale"
        assert text.startswith(words)
        assert rig.states("scale") == [("offline", "silent")]
        assert (rig.details("scale")[0] or "").startswith(words)

    on_a_line(monkeypatch.setattr, link, {"scale": SCALE}, happens)


def test_why_one_that_is_silent_is_not_understood_is_told_as_soon_as_that_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(35)
        assert rig.details("scale") == [None]
        for _ in range(10):
            rig.far.say(b"HELLO 1\r\n" * 2)
            await asyncio.sleep(1)
        words = "frames arrive, but none that `match`es: the last was 'HELLO 1'"
        assert rig.details("scale") == [None, words]
        assert rig.states("scale") == [("offline", "silent")] * 2

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_when_it_is_understood_again_that_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        for data in (
            b"HELLO\r\n" * 5,
            b"HELLO\r\n",
            b"HELLO\r\n",
            b"HELLO\r\n",
            b"HELLO\r\n",
            b"ST,GS, 1.0kg\r\n",
            b"",
        ):
            rig.far.say(data)
            await asyncio.sleep(1.2)
        assert [text[:13] for _, text in rig.notices()] == ["frames arrive", "+what arrives"]

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_a_lost_port_ends_the_link_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.far.hang_up()
        await asyncio.sleep(0.1)
        assert rig.running is not None
        assert rig.running.done()
        assert str(rig.running.exception()) == "/dev/ttyS9 has gone away: pulled out"

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_endless_bytes_without_a_frame_cost_bounded_time_and_nothing_after_it_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def happens(rig: Rig) -> None:
        rig.far.say(b"x\r\n" * 60_000 + b"ST,GS,   12.34kg\r\n")
        assert rig.far.pauses == [True]
        assert rig.samples("scale") == []
        await asyncio.sleep(1)
        assert rig.adapter.counters()["floods"] > 5
        await asyncio.sleep(60)
        assert rig.far.pauses == [True, False]
        assert rig.samples("scale") == [{"weight": 12.34, "stable": True}]

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_bytes_that_are_dear_to_look_through_wait_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.serial.talk.wire.BUSY_S", 0.0)
    link = {
        "framing": {"type": "length", "start": {"hex": "AA"}, "at": 1, "extra": 2},
        "checksum": {"type": "crc-16/modbus", "endian": "little"},
    }

    async def happens(rig: Rig) -> None:
        rig.far.say(b"\xaa" * 5 * PIECE_BYTES + b"\xaa\x02\x01\x07\x30\xe7" * 3)
        await asyncio.sleep(0.35)
        assert rig.far.pauses == [True]
        assert rig.adapter.counters()["floods"] == 4, "one piece in each window"
        await asyncio.sleep(0.5)
        assert rig.far.pauses == [True, False]

    on_a_line(monkeypatch.setattr, link, {"d": {"points": {"v": {"at": 3, "type": "uint8"}}}}, happens)


def test_a_good_sentence_does_not_hide_that_another_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    gps = {
        "decode": "nmea",
        "points": {"lat": {"from": "GGA.lat", "type": "float"}, "time": {"from": "ZDA.time", "type": "string"}},
    }

    async def happens(rig: Rig) -> None:
        for _ in range(3):
            rig.far.say(b"$GPGGA,123519,,,,,0,00,,,M,,M,,*6B\r\n")
            rig.far.say(b"$GPZDA,123519.00,23,03,2026,00,00*63\r\n")
            await asyncio.sleep(1)
        assert rig.states("gps") == [("degraded", "invalid")]

    on_a_line(monkeypatch.setattr, {}, {"gps": gps}, happens)


def test_one_that_is_cancelled_again_while_it_ends_still_closes_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(1)
        assert rig.running is not None
        for _ in range(3):
            rig.running.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([rig.running])
        assert rig.running.cancelled()
        assert rig.far.closed
        assert rig.adapter.counters()["frames"] == 0

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)
