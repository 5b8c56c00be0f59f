"""What must hold just before a command, and commands of several steps."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gateway.jobs import Job
from gateway.link import FieldLink
from gateway.model import Bad, BadReason, Command, Interlock, Part, Result, ResultStatus, Step
from tests.commands.test_link import Puppet, linked
from tests.outbox.setup import until

RULE = "devices.d.points.a.writable.interlock"
LOCK = (Interlock(RULE, {"pump": False}),)
SAFE = Result(ResultStatus.DONE, {"pump": False})

Plan = Callable[[Command], Result | Awaitable[Result]]


class Bench:
    """A link whose device does what `plan` says; `wire` is what it was asked, in order."""

    def __init__(self, link: FieldLink) -> None:
        self.link = link
        self.wire: list[tuple[str, str, Any]] = []
        self.plan: Plan = well
        Puppet.carry_out = self._carry_out

    async def _carry_out(self, command: Command) -> Result:
        kind = "read" if command.read is not None else "write"
        self.wire.append((command.id, kind, command.read or dict(command.write or {})))
        result = self.plan(command)
        return result if isinstance(result, Result) else await result

    def submit(self, name: str = "c", *, in_s: float = 60.0, device: str = "d", **job: Any) -> asyncio.Future[Result]:
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        deadline_s = asyncio.get_running_loop().time() + in_s
        self.link.submit(Job(Command(name, device, deadline_s, {"a": 1}), done.set_result, **job))
        return done

    async def end(self, name: str = "c", **job: Any) -> Result:
        async with asyncio.timeout(10):
            return await self.submit(name, **job)

    @property
    def writes(self) -> list[Any]:
        return [what for _, kind, what in self.wire if kind == "write"]


def well(command: Command) -> Result:
    """Every point reads false, every write succeeds."""
    if command.read is not None:
        return Result(ResultStatus.DONE, dict.fromkeys(command.read, False))
    return Result(ResultStatus.DONE, command.write or {})


async def never(_: Command) -> Result:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def write(**points: Any) -> Part:
    return Part(Step(points))


def pause(seconds: float) -> Part:
    return Part(Step(pause_s=seconds))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with linked(max_queue=10) as (link, _):
        yield Bench(link)


async def test_what_must_hold_is_read_just_before_the_write(bench: Bench) -> None:
    assert (await bench.end(interlocks=LOCK)).status == "done"
    assert bench.wire == [("c", "read", ("pump",)), ("c", "write", {"a": 1})]


async def test_it_is_read_when_its_turn_comes_not_when_it_was_queued(bench: Bench) -> None:
    first = bench.submit("first")
    second = bench.submit("second", interlocks=LOCK)
    await asyncio.gather(first, second)
    assert [(name, kind) for name, kind, _ in bench.wire] == [
        ("first", "write"),
        ("second", "read"),
        ("second", "write"),
    ]


@pytest.mark.parametrize("found", [True, 1, "on"])
async def test_where_it_does_not_hold_nothing_is_written(bench: Bench, found: Any) -> None:
    bench.plan = lambda _: Result(ResultStatus.DONE, {"pump": found})
    result = await bench.end(interlocks=LOCK)
    assert (result.status, result.reason, result.rule) == ("rejected", "policy", RULE)
    assert "must be false" in (result.detail or "")
    assert bench.writes == []


UNREADABLE: dict[str, tuple[Result, str]] = {
    "a bad value": (Result(ResultStatus.DONE, bad={"pump": Bad(BadReason.INVALID, 7)}), "rejected"),
    "a bad value that looks right": (Result(ResultStatus.DONE, bad={"pump": Bad(BadReason.STALE, False)}), "rejected"),
    "no word of it": (Result(ResultStatus.DONE), "rejected"),
    "a device that refuses": (Result(ResultStatus.FAILED, reason="device-error"), "rejected"),
    "an adapter that refuses": (Result(ResultStatus.REJECTED, reason="not-supported", detail="no"), "rejected"),
    "a device that is away": (Result(ResultStatus.UNREACHABLE), "unreachable"),
    "no time left": (Result(ResultStatus.EXPIRED), "expired"),
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_what_can_not_be_read_holds_not(bench: Bench, case: str) -> None:
    found, status = UNREADABLE[case]
    bench.plan = lambda _: found
    result = await bench.end(interlocks=LOCK)
    assert result.status == status
    assert status != "rejected" or result.rule == RULE
    assert bench.writes == []


async def test_several_points_must_all_hold(bench: Bench) -> None:
    bench.plan = lambda _: Result(ResultStatus.DONE, {"pump": False, "door": "open"})
    result = await bench.end(interlocks=(Interlock(RULE, {"pump": False, "door": "shut"}),))
    assert '"open", and must be "shut"' in (result.detail or "")
    assert bench.writes == []


async def test_every_rule_must_hold(bench: Bench) -> None:
    other = Interlock("devices.d.points.b.writable.interlock", {"door": True})
    result = await bench.end(interlocks=(*LOCK, other))
    assert result.rule == other.rule
    assert bench.writes == []


async def test_an_adapter_that_dies_while_it_is_read_leaves_the_device_untouched(bench: Bench) -> None:
    bench.plan = never
    pending = bench.submit(interlocks=LOCK)
    await until(lambda: bench.wire)
    Puppet.ended.set()
    assert (await pending).status == "unreachable"
    assert bench.writes == []


async def test_steps_are_done_in_their_order_with_their_values(bench: Bench) -> None:
    result = await bench.end(parts=(write(a=1), pause(0.01), write(b=2, c=3)))
    assert bench.writes == [{"a": 1}, {"b": 2, "c": 3}]
    assert (result.status, result.values) == ("done", {"a": 1, "b": 2, "c": 3})


async def test_each_step_has_what_must_hold_read_just_before_it(bench: Bench) -> None:
    parts = (write(a=1), Part(Step({"b": 2}), LOCK), write(c=3))
    await bench.end(parts=parts)
    assert [kind for _, kind, _ in bench.wire] == ["write", "read", "write", "write"]


async def test_a_step_that_may_not_be_done_breaks_off_what_was_begun(bench: Bench) -> None:
    parts = (write(a=1), Part(Step({"b": 2}), (Interlock(RULE, {"pump": True}),)), write(c=3))
    result = await bench.end(parts=parts)
    assert bench.writes == [{"a": 1}]
    assert (result.status, result.values, result.rule) == ("failed", {"a": 1}, RULE)
    assert (result.detail or "").startswith("step 2 of 3: interlock")


async def test_what_its_first_step_may_not_is_rejected_as_a_whole(bench: Bench) -> None:
    result = await bench.end(parts=(Part(Step({"b": 2}), (Interlock(RULE, {"pump": True}),)), write(c=3)))
    assert (result.status, result.rule) == ("rejected", RULE)
    assert bench.writes == []


@pytest.mark.parametrize("status", ["failed", "expired", "unreachable", "rejected"])
@pytest.mark.parametrize("says_what_it_wrote", [True, False])
async def test_what_ends_in_the_middle_has_failed(bench: Bench, status: str, says_what_it_wrote: bool) -> None:
    def plan(command: Command) -> Result:
        if "b" in (command.write or {}):
            return Result(ResultStatus(status), detail="no")
        return Result(ResultStatus.DONE, command.write or {} if says_what_it_wrote else {})

    bench.plan = plan
    result = await bench.end(parts=(write(a=1), write(b=2), write(c=3)))
    assert result.status == "failed"
    assert (result.detail or "").startswith("step 2 of 3")
    assert bench.writes == [{"a": 1}, {"b": 2}]


async def test_an_adapter_that_dies_in_the_middle_leaves_it_unknown_and_nothing_is_repeated(bench: Bench) -> None:
    bench.plan = lambda command: never(command) if "b" in (command.write or {}) else well(command)
    pending = bench.submit(parts=(write(a=1), write(b=2), write(c=3)))
    await until(lambda: len(bench.writes) == 2)
    Puppet.ended.set()
    result = await pending
    assert (result.status, result.values) == ("unknown", {"a": 1})
    assert bench.writes == [{"a": 1}, {"b": 2}]


async def test_a_link_that_is_down_after_a_pause_breaks_it_off(bench: Bench) -> None:
    pending = bench.submit(parts=(write(a=1), pause(0.05), write(b=2)))
    await until(lambda: bench.writes)
    Puppet.ended.set()
    result = await pending
    assert (result.status, result.values) == ("failed", {"a": 1})
    assert bench.writes == [{"a": 1}]


async def test_while_one_pauses_other_devices_have_their_turn_and_its_own_has_not(bench: Bench) -> None:
    slow = bench.submit("slow", parts=(write(a=1), pause(0.05), write(b=2)))
    same = bench.submit("same")
    other = bench.submit("other", device="e")
    await asyncio.gather(slow, same, other)
    assert [name for name, _, _ in bench.wire] == ["slow", "other", "slow", "same"]


async def test_what_expires_behind_a_pause_is_not_sent(bench: Bench) -> None:
    slow = bench.submit("slow", parts=(write(a=1), pause(0.05), write(b=2)))
    same = bench.submit("same", in_s=0.02)
    assert (await slow).status == "done"
    assert (await same).status == "expired"
    assert "same" not in [name for name, _, _ in bench.wire]


@pytest.mark.parametrize("in_s", [0.5, -1.0])
async def test_what_its_pauses_would_make_too_late_is_not_begun(bench: Bench, in_s: float) -> None:
    result = await bench.end(in_s=in_s, parts=(write(a=1), pause(0.4), pause(0.2), write(b=2)))
    assert result.status == "expired"
    assert bench.wire == []


async def test_a_step_behind_its_deadline_is_not_sent(bench: Bench) -> None:
    async def slowly(command: Command) -> Result:
        late = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, late.set)
        await late.wait()
        return well(command)

    bench.plan = slowly
    result = await bench.end(in_s=0.05, parts=(write(a=1), write(b=2)))
    assert result.status == "failed"
    assert bench.writes == [{"a": 1}]


async def test_a_stop_in_a_pause_leaves_it_unknown_and_what_waits_untouched() -> None:
    async with linked(max_queue=10, working=False) as (link, _):
        bench = Bench(link)
        worker = asyncio.create_task(link.run_commands())
        slow = bench.submit("slow", parts=(write(a=1), pause(30), write(b=2)))
        same = bench.submit("same")
        await until(lambda: bench.writes)
        await asyncio.sleep(0)
        worker.cancel()
        await asyncio.wait([worker])
        link.refuse_waiting()
        assert (await slow).status == "unknown"
        assert ((await same).status, (await same).reason) == ("rejected", "stopping")
        assert bench.writes == [{"a": 1}]


async def test_a_stop_in_a_pause_before_the_first_step_leaves_the_device_untouched() -> None:
    async with linked(max_queue=10, working=False) as (link, _):
        bench = Bench(link)
        worker = asyncio.create_task(link.run_commands())
        slow = bench.submit("slow", parts=(pause(30), write(b=2)))
        await until(lambda: not link._queue._waiting)
        for _ in range(5):
            await asyncio.sleep(0)
        worker.cancel()
        await asyncio.wait([worker])
        assert ((await slow).status, (await slow).reason) == ("rejected", "stopping")
        assert bench.wire == []


async def test_an_adapter_that_says_nothing_costs_only_its_command(bench: Bench) -> None:
    nothing: Any = None
    bench.plan = lambda _: _gives(nothing)
    result = await bench.end()
    assert (result.status, result.reason) == ("unknown", "defect")
    bench.plan = well
    assert (await bench.end("next", interlocks=LOCK)).status == "done"


async def _gives(what: Any) -> Any:
    return what
