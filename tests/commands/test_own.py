"""Commands to the gateway itself."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import pytest

from gateway.actions import Actions
from gateway.adapter import Rejected
from gateway.commands.own import MAX_UNDER_WAY, Action, OwnCommands
from gateway.jobs import Job
from gateway.model import Command, Result, ResultStatus
from gateway.scans import Scans
from tests.outbox.setup import until

DONE = Result(ResultStatus.DONE)

NEVER_S = float("inf")
"""No deadline."""


class Plc:
    """Scans that find on the link `plc` what they are told to."""

    links: Mapping[str, Any] = {"plc": None}

    def __init__(self) -> None:
        self.found: Any = [{"unit_id": 1}]
        self.options: list[Any] = []

    async def scan(self, _link: str, options: Mapping[str, Any]) -> Any:
        self.options.append(options)
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found


async def reloaded() -> Result:
    return DONE


def actions(plc: Plc) -> Mapping[str, Action]:
    return Actions(cast("Scans", plc), reloaded).all


async def outcome(own: OwnCommands, invoke: str, args: Mapping[str, Any] | None = None) -> Result:
    done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    own.submit(Job(Command("c", "", NEVER_S, invoke=invoke, args=args or {}), done.set_result))
    async with asyncio.timeout(10):
        return await done


async def test_a_scan_tells_what_it_has_found() -> None:
    plc = Plc()
    result = await outcome(OwnCommands(actions(plc)), "scan", {"link": "plc", "options": {"units": "1-4"}})
    assert (result.status, result.found) == ("done", ({"unit_id": 1},))
    assert plc.options == [{"units": "1-4"}]


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a ping with something": ("ping", {"a": 1}, "malformed"),
    "a reload with something": ("reload", {"file": "/etc/passwd"}, "malformed"),
    "a scan of nothing": ("scan", {}, "unknown-link"),
    "a scan of what is not there": ("scan", {"link": "bus"}, "unknown-link"),
    "a scan of no name": ("scan", {"link": ["plc"]}, "unknown-link"),
    "a scan of no object": ("scan", {"link": {"plc": 1}}, "unknown-link"),
    "a scan with more": ("scan", {"link": "plc", "more": 1}, "malformed"),
    "options that are none": ("scan", {"link": "plc", "options": [1]}, "malformed"),
    "options that are null": ("scan", {"link": "plc", "options": None}, "malformed"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_args_that_make_no_sense_are_refused(case: str) -> None:
    invoke, args, reason = WRONG[case]
    plc = Plc()
    result = await outcome(OwnCommands(actions(plc)), invoke, args)
    assert (result.status, result.reason) == ("rejected", reason)
    assert result.detail
    assert plc.options == []


STRANGE: dict[str, tuple[Any, str, str]] = {
    "a refusal": (Rejected("no-link", "the link is down"), "rejected", "no-link"),
    "a defect": (ZeroDivisionError("oops"), "failed", "defect"),
    "nothing": (None, "failed", "defect"),
    "no list": (7, "failed", "defect"),
    "what is no JSON": ([{"at": object()}], "failed", "defect"),
    "a key that is no text": ([{(1, 2): 3}], "failed", "defect"),
}


@pytest.mark.parametrize("case", STRANGE)
async def test_whatever_a_strangers_scan_does_is_answered(case: str) -> None:
    found, status, reason = STRANGE[case]
    plc = Plc()
    plc.found = found
    result = await outcome(OwnCommands(actions(plc)), "scan", {"link": "plc"})
    assert (result.status, result.reason) == (status, reason)


class Slow:
    """An action that ends when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.own = OwnCommands({"wait": self._wait})
        self.ends: dict[str, Result] = {}

    async def _wait(self, _args: Mapping[str, Any]) -> Result:
        await self.go_on.wait()
        return DONE

    def begin(self, name: str) -> None:
        self.own.submit(Job(Command(name, "", NEVER_S, invoke="wait"), partial(self.ends.__setitem__, name)))


async def test_so_many_at_once_and_no_more() -> None:
    slow = Slow()
    for number in range(MAX_UNDER_WAY):
        assert not slow.own.is_full
        slow.begin(str(number))
    assert slow.own.is_full
    with pytest.raises(Rejected) as refused:
        slow.begin("one more")
    assert refused.value.reason == "queue-full"
    slow.go_on.set()
    await until(lambda: len(slow.ends) == MAX_UNDER_WAY)
    assert not slow.own.is_full


async def test_a_long_one_keeps_none_waiting() -> None:
    slow = Slow()
    slow.own.actions = {**slow.own.actions, **actions(Plc())}
    slow.begin("long")
    assert (await outcome(slow.own, "ping")).status == "done"
    assert slow.ends == {}
    await slow.own.end()


async def test_what_is_under_way_at_the_end_is_told_before_it_returns() -> None:
    slow = Slow()
    for name in ("a", "b"):
        slow.begin(name)
    await slow.own.end()
    assert {name: (end.status.value, end.reason) for name, end in slow.ends.items()} == {
        "a": ("rejected", "stopping"),
        "b": ("rejected", "stopping"),
    }
    await slow.own.end()


async def test_what_nobody_wants_any_more_is_ended_or_never_begun() -> None:
    begun = asyncio.Event()

    async def endless(_args: Mapping[str, Any]) -> Result:
        begun.set()
        await asyncio.get_running_loop().create_future()
        return DONE

    own = OwnCommands({"scan": endless})
    ends: list[Result] = []
    own.submit(Job(Command("a", "", NEVER_S, invoke="scan"), ends.append))
    await begun.wait()
    own.cut_short("a")
    await until(lambda: len(ends) == 1)
    own.cut_short("b")
    own.submit(Job(Command("b", "", NEVER_S, invoke="scan"), ends.append))
    assert [(each.status, each.reason) for each in ends] == [(ResultStatus.FAILED, "ended")] * 2
