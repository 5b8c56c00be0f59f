"""Answers that come later than their timeout: in simulated time, by devices that stamp what they say."""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from gateway.model import ResultStatus, Sample
from tests.serial.talk.rig import FarEnd, Rig, on_a_line

LINK = {"framing": {"type": "line", "terminator": "\r"}}
TIMEOUT_S = 0.1


def numbers(every: str, *names: str, **more: Any) -> dict[str, Any]:
    """A device that says numbers and nothing else, one to each question."""
    messages = {name: {"poll": {"send": f"{name}?\r"}, "match": rf"^(?P<{name}>\d+\.\d+)$"} for name in names}
    points = {name: {"message": name, "type": "float"} for name in names}
    return {"every": every, "timeout": "100ms", "messages": messages, "points": points, **more}


class Stamps:
    """Says when it was asked, in its own hundreds: a question's number tells it from others.

    `takes` is how long each answer takes, None where it is lost; answers come in order.
    """

    def __init__(self, takes: Callable[[bytes], float | None], names: list[bytes]) -> None:
        self._takes = takes
        self._names = names
        self._last_s = 0.0

    def __call__(self, data: bytes) -> tuple[float, bytes] | None:
        now_s = asyncio.get_running_loop().time()
        if (takes_s := self._takes(data)) is None:
            return None
        self._last_s = max(self._last_s + 0.001, now_s + takes_s)
        value = (self._names.index(data) + 1) * 10_000 + now_s
        return self._last_s - now_s, f"{value:.3f}\r".encode()


def told(rig: Rig) -> list[tuple[float, str, float]]:
    """When, of which point, and what, as far as it is good."""
    return [
        (at, name, value)
        for at, item in rig.items
        if isinstance(item, Sample)
        for name, value in zip(item.group.points, item.values, strict=True)
        if isinstance(value, float)
    ]


@pytest.mark.parametrize("every", ["200ms", "300ms", "1s", "2s"])
@pytest.mark.parametrize("takes_s", [0.15, 0.25, 0.35, 0.55])
def test_a_device_that_is_always_late_is_told_of_and_does_not_look_well(
    every: str, takes_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(40)
        notices = [text for device, text in rig.notices() if device == "d"]
        assert any("later than its timeout of 100 ms: raise `timeout`" in text for text in notices), notices
        old = [at for at, _, value in told(rig) if at - (value - 10_000) > takes_s + 0.01 and at > 15]
        assert not old, "values of the question before"

    on_a_line(monkeypatch.setattr, LINK, {"d": numbers(every, "a")}, happens, Stamps(lambda _: takes_s, [b"a?\r"]))


def test_it_is_well_again_once_it_answers_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    takes_s = [0.25]

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(60)
        assert rig.states("d")[-1] == ("offline", "timeout")
        words = rig.details("d")[-1]
        assert words is not None
        assert re.fullmatch(
            r"its answers come after 2\d\d ms, later than its timeout of 100 ms: raise `timeout`", words
        )
        takes_s[0] = 0.02
        await asyncio.sleep(60)
        assert rig.states("d")[-1] == ("online", None)
        assert rig.notices() == [("d", words), ("d", "+its answers come in time again")]
        assert told(rig)[-1][0] > 118

    on_a_line(monkeypatch.setattr, LINK, {"d": numbers("1s", "a")}, happens, Stamps(lambda _: takes_s[0], [b"a?\r"]))


@pytest.mark.parametrize("seed", range(6))
def test_no_answer_is_taken_for_that_to_another_question(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late by up to four timeouts, or lost."""
    chance = random.Random(seed)
    names = [b"a?\r", b"b?\r", b"c?\r"]

    def takes(_data: bytes) -> float | None:
        return None if chance.random() < 0.1 else chance.choice((0.01, 0.02, 0.09, chance.uniform(0.0, 0.39)))

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(60)
        got = told(rig)
        assert {name for _, name, _ in got} == {"a", "b", "c"}
        assert len(got) > 20
        for at, name, value in got:
            number = "abc".index(name) + 1
            assert int(value // 10_000) == number, (at, name, value)
            assert at - (value - number * 10_000) < 10 * TIMEOUT_S, "too old"

    on_a_line(monkeypatch.setattr, LINK, {"d": numbers("500ms", "a", "b", "c")}, happens, Stamps(takes, names))


@pytest.mark.parametrize("seed", range(6))
def test_no_answer_is_taken_for_that_of_another_device(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """None has an address, and they answer independently of each other."""
    chance = random.Random(seed)
    ways = {name: Stamps(lambda _: takes(), [b"one?\r", b"two?\r"]) for name in (b"one?\r", b"two?\r")}

    def takes() -> float | None:
        return None if chance.random() < 0.1 else chance.choice((0.01, 0.09, chance.uniform(0.0, 0.39)))

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(60)
        got = told(rig)
        assert len(got) > 20
        assert {(name, int(value // 10_000)) for _, name, value in got} == {("one", 1), ("two", 2)}

    devices = {name: numbers("500ms", name) for name in ("one", "two")}
    on_a_line(monkeypatch.setattr, LINK, devices, happens, lambda data: ways[data](data))


def test_a_dead_device_without_an_address_spoils_no_value_of_its_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(100)
        assert rig.states("one") == [("offline", "timeout")]
        assert rig.states("two") == [("online", None)]
        assert len(told(rig)) == len(rig.samples("two")) >= 90
        assert rig.adapter.counters()["late"] == 0

    def react(data: bytes) -> bytes | None:
        return b"1.0\r" if data == b"two?\r" else None

    devices = {name: numbers("1s", name) for name in ("one", "two")}
    on_a_line(monkeypatch.setattr, LINK, devices, happens, react)


def test_a_lost_answer_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """One question, and one in ten answers is lost: nothing else is dropped, and nothing is said of its timeout."""
    asked = [0]

    def react(_data: bytes) -> bytes | None:
        asked[0] += 1
        return None if asked[0] % 10 == 0 else b"1.0\r"

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(100)
        assert rig.adapter.counters()["late"] == 0
        assert not rig.notices()
        assert len(told(rig)) >= 90

    on_a_line(monkeypatch.setattr, LINK, {"d": numbers("1s", "a")}, happens, react)


def test_an_answer_that_is_lost_time_and_again_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be known which it was: but the other question is asked again, and has its value each time."""
    asked = [0]

    def react(data: bytes) -> bytes | None:
        if data == b"a?\r":
            asked[0] += 1
        return None if data == b"a?\r" and asked[0] % 5 == 0 else b"1.0\r"

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(100)
        spoilt = [name for sample in rig.samples("d") for name, value in sample.items() if value == "timeout"]
        assert set(spoilt) == {"a"}
        assert sum(name == "b" for _, name, _ in told(rig)) >= 99

    on_a_line(monkeypatch.setattr, LINK, {"d": numbers("1s", "a", "b")}, happens, react)


def test_what_was_asked_before_a_write_is_not_what_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write is not answered: an answer that is late would say what was there before."""
    asked = [0]

    def react(data: bytes) -> bytes | tuple[float, bytes] | None:
        if data.startswith(b"W"):
            return None
        asked[0] += 1
        return (0.01, b"1.0\r") if asked[0] == 1 else (0.25, b"1.0\r") if asked[0] == 2 else (0.06, b"5.0\r")

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(1.15)  # it is asked at 1 s
        result = await rig.execute("d", write={"a": 5.0})
        assert (result.status, result.values) == (ResultStatus.DONE, {"a": 5.0})
        assert rig.adapter.counters()["late"] == 1

    write = {"write": {"send": "W{value}\r"}, "writable": {"min": 0, "max": 10}, "verify": True}
    a = {"type": "float", **write}
    poll = {"send": "a?\r"}
    device = {"every": "1s", "timeout": "100ms", "poll": poll, "match": r"^(?P<a>\d+\.\d+)$", "points": {"a": a}}
    on_a_line(monkeypatch.setattr, LINK, {"d": device}, happens, react)


def test_a_device_that_stands_still_and_then_says_all_at_once_is_not_misread(monkeypatch: pytest.MonkeyPatch) -> None:
    stands_still = [True]
    kept: list[bytes] = []
    values = {b"a?\r": b"1.0\r", b"b?\r": b"2.0\r"}

    def react(data: bytes) -> bytes | None:
        if not stands_still[0]:
            return values[data]
        kept.append(values[data])
        return None

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(2.75)
        stands_still[0] = False
        far: FarEnd = rig.far
        for answer in kept:
            far.say(answer)
        await asyncio.sleep(30)
        assert {(name, value) for _, name, value in told(rig)} == {("a", 1.0), ("b", 2.0)}

    on_a_line(monkeypatch.setattr, LINK, {"d": numbers("500ms", "a", "b")}, happens, react)
