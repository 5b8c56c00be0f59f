"""Devices that are asked: on the grid, with patience, and without taking one answer for another."""

import asyncio
from typing import Any

import pytest

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
