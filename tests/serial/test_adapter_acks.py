"""Acknowledgements that a device waits for."""

import asyncio
from typing import Any

import pytest

from gateway.adapter import Unkept
from tests.serial.talk.rig import Rig, on_a_line

LOGGER: dict[str, Any] = {
    "match": r"^#(?P<n>\d+) (?P<v>\d+)$",
    "ack": "ACK {n}\r\n",
    "points": {"v": {"type": "int"}},
}


def test_it_is_sent_once_the_values_are_on_disk_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.durable_s = 0.5
        rig.far.say(b"#7 42\r\n")
        await asyncio.sleep(0.4)
        assert rig.samples("log") == [{"v": 42}]
        assert rig.far.said == []
        await asyncio.sleep(0.2)
        assert rig.far.words == [b"ACK 7\r\n"]

    on_a_line(monkeypatch.setattr, {}, {"log": LOGGER}, happens)


def test_they_go_out_in_order_and_values_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.durable_s = 1.0
        rig.far.say(b"#1 10\r\n#2 20\r\n")
        await asyncio.sleep(0.1)
        rig.durable_s = 0.0
        rig.far.say(b"#3 30\r\n")
        await asyncio.sleep(0.1)
        assert rig.samples("log") == [{"v": 10}, {"v": 20}, {"v": 30}]
        assert rig.far.said == []
        await asyncio.sleep(1)
        assert rig.far.words == [b"ACK 1\r\n", b"ACK 2\r\n", b"ACK 3\r\n"]

    on_a_line(monkeypatch.setattr, {}, {"log": LOGGER}, happens)


def test_what_is_not_understood_is_never_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.far.say(b"#x 42\r\n")
        await asyncio.sleep(1)
        assert rig.far.said == []

    on_a_line(monkeypatch.setattr, {}, {"log": LOGGER}, happens)


@pytest.mark.parametrize(("frames", "left_out"), [(100, 0), (101, 1)])
def test_no_more_wait_than_a_bound(monkeypatch: pytest.MonkeyPatch, frames: int, left_out: int) -> None:
    async def happens(rig: Rig) -> None:
        rig.durable_s = 1.0
        for number in range(frames):
            rig.far.say(b"#%d 1\r\n" % number)
        await asyncio.sleep(2)
        assert len(rig.samples("log")) == frames
        assert len(rig.far.said) == frames - left_out
        assert rig.adapter.counters()["unacknowledged"] == left_out

    on_a_line(monkeypatch.setattr, {}, {"log": LOGGER}, happens)


def test_a_disk_that_refuses_is_the_end_of_the_link_and_no_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        async def refuse(_sample: object) -> None:
            raise OSError("full")

        monkeypatch.setattr(rig, "durable", refuse)
        rig.far.say(b"#7 42\r\n")
        await asyncio.sleep(1)
        assert rig.running is not None
        assert isinstance(rig.running.exception(), OSError)
        assert rig.far.said == []

    on_a_line(monkeypatch.setattr, {}, {"log": LOGGER}, happens)


BEATING: dict[str, Any] = {
    "messages": {
        "reading": {"match": r"^#(?P<v>\d+)$", "ack": "A\r\n"},
        "beat": {"match": "^HB$", "ack": "H\r\n"},
    },
    "points": {"v": {"type": "int", "message": "reading"}},
}


def test_what_has_no_values_is_acknowledged_in_its_turn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.durable_s = 1.0
        rig.far.say(b"#1\r\nHB\r\n")
        await asyncio.sleep(0.5)
        assert rig.far.said == []
        await asyncio.sleep(1)
        assert rig.far.words == [b"A\r\n", b"H\r\n"]
        assert rig.samples("log") == [{"v": 1}]

    on_a_line(monkeypatch.setattr, {}, {"log": BEATING}, happens)


def test_those_that_wait_for_the_line_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        for _ in range(2):
            for number in range(100):
                rig.far.say(b"#%d 1\r\n" % number)
            await asyncio.sleep(0.1)
        assert len(rig.samples("log")) == 200
        assert len(rig.far.said) == 1
        assert rig.adapter.counters()["unacknowledged"] == 99

    on_a_line(monkeypatch.setattr, {"pause_between": "1s"}, {"log": LOGGER}, happens)


def test_what_there_was_no_room_for_is_not_acknowledged_and_the_line_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        is_full = True

        async def durable(_sample: object) -> None:
            if is_full:
                raise Unkept("the outbox cloud had no room for it")

        monkeypatch.setattr(rig, "durable", durable)
        rig.far.say(b"#7 42\r\n")
        await asyncio.sleep(1)
        assert rig.far.said == []
        assert rig.adapter.counters()["unacknowledged"] == 1
        assert [text for _, text in rig.notices()] == ["it is not acknowledged: the outbox cloud had no room for it"]
        is_full = False
        rig.far.say(b"#7 42\r\n")
        await asyncio.sleep(1)
        assert rig.far.words == [b"ACK 7\r\n"]

    on_a_line(monkeypatch.setattr, {}, {"log": LOGGER}, happens)
