"""Devices that are asked: on the grid, with patience, and without taking one answer for another."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from gateway.adapter import AdapterError, Unheard
from tests.serial.talk.rig import Rig, on_a_line

LINE = {"framing": {"type": "line", "terminator": "\r"}}
CHAIN = {**LINE, "address": {"at": 1, "length": 2}}


def thermo(address: str, **more: Any) -> dict[str, Any]:
    return {
        "address": address,
        "every": "1s",
        "timeout": "200ms",
        "poll": {"send": "#{address}\r"},
        "match": r"^>(?P<a>\d\d)(?P<t>[-+]\d+\.\d)$",
        "points": {"t": {"type": "float"}},
        **more,
    }


def answer(data: bytes) -> bytes:
    return b">" + data[1:3] + b"+21.5\r"


def test_each_device_of_a_line_is_asked_on_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(3.5)
        assert rig.far.words == [b"#01\r", b"#02\r"] * 4
        assert rig.samples("a") == rig.samples("b") == [{"t": 21.5}] * 4
        assert rig.states("a") == [("online", None)]

    on_a_line(monkeypatch.setattr, CHAIN, {"a": thermo("01"), "b": thermo("02")}, happens, answer)


def test_a_dead_device_is_given_up_and_costs_its_neighbour_little(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(100)
        assert rig.states("b") == [("offline", "timeout")]
        assert rig.samples("b")[0] == {"t": "timeout"}
        assert rig.states("a") == [("online", None)]
        assert len(rig.samples("a")) == 100
        probes = [at for at, data in rig.far.said if data == b"#02\r" and at > 10]
        assert 2 <= len(probes) <= 100 * 0.05 / 0.4

    on_a_line(
        monkeypatch.setattr,
        CHAIN,
        {"a": thermo("01"), "b": thermo("02")},
        happens,
        lambda data: answer(data) if data == b"#01\r" else None,
    )


def test_a_device_that_is_back_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = True

    async def happens(rig: Rig) -> None:
        nonlocal gone
        await asyncio.sleep(60)
        assert rig.states("a") == [("offline", "timeout")]
        gone = False
        await asyncio.sleep(32)
        assert rig.states("a")[1:] == [("online", None)]
        assert rig.samples("a")[-1] == {"t": 21.5}

    on_a_line(monkeypatch.setattr, CHAIN, {"a": thermo("01")}, happens, lambda data: None if gone else answer(data))


def test_while_a_dead_device_rests_its_points_do_not_turn_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(120)
        times = rig.times("a")
        assert max(after - before for before, after in pairwise(times)) < 10

    on_a_line(monkeypatch.setattr, CHAIN, {"a": thermo("01")}, happens)


def test_a_late_answer_is_dropped_and_never_taken_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    temperatures = iter(range(10, 99))

    def slow_at_first(data: bytes) -> tuple[float, bytes]:
        number = next(temperatures)
        return 0.3 if number == 10 else 0.05, b">01+%d.0\r" % number

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(3.5)
        assert [sample["t"] for sample in rig.samples("a")] == ["timeout", 11.0, 12.0, 13.0]
        assert rig.adapter.counters()["late"] == 1
        assert rig.adapter.counters()["timeouts"] == 1

    line = {"framing": {"type": "line", "terminator": "\r"}}
    device = {key: value for key, value in thermo("01").items() if key != "address"} | {"poll": {"send": "T\r"}}
    on_a_line(monkeypatch.setattr, line, {"a": device}, happens, slow_at_first)


def test_the_answer_of_another_device_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.5)
        assert rig.samples("a") == [{"t": "timeout"}]
        assert rig.samples("b")[0] == {"t": 21.5}

    devices = {"a": thermo("01"), "b": thermo("02")}
    on_a_line(monkeypatch.setattr, CHAIN, devices, happens, lambda _: b">02+21.5\r")


def test_a_question_is_repeated_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    device = thermo("01", poll={"send": "#{address}\r", "retries": 2}, every="10s")
    answers = iter([None, None, b">01+21.5\r"])

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(5)
        assert rig.samples("a") == [{"t": 21.5}]
        assert [at for at, _ in rig.far.said] == pytest.approx([0.0, 0.404, 0.808], abs=0.001)

    on_a_line(monkeypatch.setattr, CHAIN, {"a": device}, happens, lambda _: next(answers))


def test_a_long_answer_may_take_its_time_once_it_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [(0.15 * number, b">01+21.5\r"[number - 1 : number]) for number in range(1, 10)]

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(3)
        assert rig.samples("a")[:1] == [{"t": 21.5}]
        assert rig.adapter.counters()["timeouts"] == 0

    on_a_line(monkeypatch.setattr, CHAIN, {"a": thermo("01", every="10s")}, happens, lambda _: pieces)


def test_what_the_device_refuses_is_bad_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    poll = {"send": "#{address}\r", "error": r"^\?{address}$"}
    refuses = True

    async def happens(rig: Rig) -> None:
        nonlocal refuses
        await asyncio.sleep(2.5)
        assert rig.samples("a") == [{"t": "device-error"}] * 3
        assert rig.states("a") == [("degraded", "device-error")]
        refuses = False
        await asyncio.sleep(2)
        assert rig.states("a")[1:] == [("online", None)]
        assert rig.notices() == [
            ("a", "its message can't be had: the device says '?01'"),
            ("a", "+its message can be had again"),
        ]

    on_a_line(
        monkeypatch.setattr,
        CHAIN,
        {"a": thermo("01", poll=poll)},
        happens,
        lambda data: b"?01\r" if refuses else answer(data),
    )


def test_polls_that_can_not_be_kept_are_skipped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(9.9)
        assert len(rig.samples("a")) == 6
        assert rig.adapter.counters()["skipped"] >= 4

    device = thermo("01", timeout="2s")
    on_a_line(monkeypatch.setattr, CHAIN, {"a": device}, happens, lambda data: (1.5, answer(data)))


def test_between_an_answer_and_the_next_question_there_is_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.9)
        (first, _), (second, _) = rig.far.said
        assert second - first == pytest.approx(0.01 + 0.05)

    devices = {"a": thermo("01"), "b": thermo("02")}
    on_a_line(monkeypatch.setattr, {**CHAIN, "pause_between": "50ms"}, devices, happens, answer)


def test_our_own_echo_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.5)
        assert rig.samples("a") == [{"t": 21.5}]
        assert rig.adapter.counters()["unmatched"] == 0

    device = thermo("01", match=r"^.(?P<a>\d\d)(?P<t>[-+]\d+\.\d)?$")
    link = {**CHAIN, "local_echo": True}
    on_a_line(
        monkeypatch.setattr,
        link,
        {"a": device},
        happens,
        lambda data: [(0.001, data[:2]), (0.002, data[2:] + answer(data))],
    )


METER = {
    "every": "15min",
    "timeout": "2s",
    "poll": {
        "sequence": [
            {"baudrate": 300},
            {"send": "/?!\r\n", "expect": r"^/(?P<maker>[A-Za-z]{3})(?P<speed>\d)"},
            {"send": "\x060{speed}0\r\n"},
            {"pause": "200ms"},
            {"baudrate": {"from": "speed", "table": {"0": 300, "5": 9600}}},
        ]
    },
    "match": r"^1\.8\.0\((?P<energy>[\d.]+)\*kWh\)$",
    "points": {"energy": {"type": "float", "unit": "kWh"}},
}


def meter(data: bytes) -> tuple[float, bytes] | None:
    return {b"/?!\r\n": (0.5, b"/ABC5METER\r\n"), b"\x06050\r\n": (0.6, b"1.8.0(123.4*kWh)\r\n")}.get(data)


def test_a_sequence_wakes_up_changes_speed_and_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(10)
        assert rig.samples("meter") == [{"energy": 123.4}]
        assert rig.far.words == [b"/?!\r\n", b"\x06050\r\n"]
        assert [speed for _, speed in rig.far.speeds] == [300, 9600, 1200]

    on_a_line(monkeypatch.setattr, {"baudrate": 1200}, {"meter": METER}, happens, meter)


def test_a_sequence_that_fails_leaves_the_line_at_its_own_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(4.9)
        assert rig.samples("meter") == [{"energy": "timeout"}]
        assert [speed for _, speed in rig.far.speeds[:2]] == [300, 1200]

    on_a_line(monkeypatch.setattr, {"baudrate": 1200}, {"meter": METER}, happens)


def test_a_speed_that_the_table_does_not_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(4)
        assert rig.samples("meter") == [{"energy": "device-error"}]
        assert "names the speed '6', and the table has 0, 5" in rig.notices()[0][1]

    on_a_line(
        monkeypatch.setattr, {"baudrate": 300}, {"meter": METER}, happens, lambda data: b"/ABC6X\r\n" if data else None
    )


def test_on_connecting_something_is_said_before_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    link = {
        **CHAIN,
        "pause_after_connect": "1s",
        "on_connect": [{"send": "HI\r", "expect": "^HELLO$"}, {"pause": "500ms"}],
    }

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(2)
        assert [(round(at, 2), data) for at, data in rig.far.said[:2]] == [(1.0, b"HI\r"), (1.51, b"#01\r")]

    on_a_line(
        monkeypatch.setattr,
        link,
        {"a": thermo("01")},
        happens,
        lambda data: b"HELLO\r" if data == b"HI\r" else answer(data),
    )


def test_a_device_that_does_not_answer_on_connecting_ends_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(2)
        assert rig.running is not None
        assert "on_connect: no answer" in str(rig.running.exception())

    link = {**CHAIN, "on_connect": [{"send": "HI\r", "expect": "^HELLO$"}]}
    on_a_line(monkeypatch.setattr, link, {"a": thermo("01")}, happens)


def test_through_a_network_a_connection_on_which_nobody_answers_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(15)
        assert rig.running is not None
        assert isinstance(rig.running.exception(), Unheard)
        assert rig.states("a") == [("offline", "timeout")]

    on_a_line(monkeypatch.setattr, {**CHAIN, "port": "tcp://10.0.0.5:4001"}, {"a": thermo("01")}, happens)


@pytest.mark.parametrize(("device", "kind"), [(thermo("01"), Unheard), (thermo("01", poll=None), AdapterError)])
def test_a_connection_that_is_closed_while_nothing_is_asked_is_no_outage(
    monkeypatch: pytest.MonkeyPatch, device: dict[str, Any], kind: type[Exception]
) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.5)
        rig.far.hang_up(None)
        await asyncio.sleep(0.1)
        assert rig.running is not None
        assert type(rig.running.exception()) is kind

    on_a_line(monkeypatch.setattr, {**CHAIN, "port": "tcp://10.0.0.5:4001"}, {"a": device}, happens, answer)


def test_a_defect_ends_its_own_link_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.far.hang_up(LookupError("a bug"))
        await asyncio.sleep(0.1)
        assert rig.running is not None
        assert isinstance(rig.running.exception(), LookupError)

    on_a_line(monkeypatch.setattr, CHAIN, {"a": thermo("01")}, happens, answer)
