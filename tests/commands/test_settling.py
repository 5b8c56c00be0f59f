"""Points that need time before they are read back: meanwhile the link is others', the device its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.model import Bad, BadReason, Command, Result, ResultStatus, Settling
from tests.commands.test_jobs import Bench, pause, well, write
from tests.commands.test_link import linked
from tests.outbox.setup import until

SOON: dict[str, Any] = {"settling": {"a": Settling(0.01, 0.5)}}
LATER: dict[str, Any] = {"settling": {"a": Settling(0.2)}}


def reading(*results: Result) -> Any:
    """Writes succeed; reads bring these, one after the other."""
    rest = iter(results)
    return lambda command: next(rest) if command.read is not None else well(command)


def found(value: Any) -> Result:
    return Result(ResultStatus.DONE, {"a": value})


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with linked(max_queue=10) as (link, _):
        yield Bench(link)


async def test_what_settles_is_read_back_after_its_time(bench: Bench) -> None:
    bench.plan = reading(found(1))
    since_s = asyncio.get_running_loop().time()
    assert await bench.end(**LATER) == Result(ResultStatus.DONE, {"a": 1})
    assert asyncio.get_running_loop().time() - since_s >= 0.2
    assert bench.wire == [("c", "write", {"a": 1}), ("c", "read", ("a",))]


async def test_what_does_not_settle_is_its_adapters_to_read_back(bench: Bench) -> None:
    assert (await bench.end(settling={"b": Settling(5)})).status == "done"
    assert bench.wire == [("c", "write", {"a": 1})]


async def test_meanwhile_other_devices_have_their_turn_and_its_own_waits(bench: Bench) -> None:
    bench.plan = reading(found(1))
    first = bench.submit("first", **LATER)
    await until(lambda: bench.wire)
    same, other = bench.submit("same"), bench.submit("other", device="e")
    await asyncio.gather(first, same, other)
    assert [(name, kind) for name, kind, _ in bench.wire] == [
        ("first", "write"),
        ("other", "write"),
        ("first", "read"),
        ("same", "write"),
    ]


@pytest.mark.parametrize(("value", "status"), [(1.5, "done"), (0.5, "done"), (1.6, "failed"), ("1", "failed")])
async def test_it_may_be_off_by_its_tolerance(bench: Bench, value: Any, status: str) -> None:
    bench.plan = reading(found(value))
    assert (await bench.end(**SOON)).status == status


async def test_what_differs_is_a_failure_with_what_was_read(bench: Bench) -> None:
    bench.plan = reading(found(7))
    result = await bench.end(**SOON)
    assert (result.status, result.values, result.reason) == ("failed", {"a": 7}, "read-back-differs")
    assert result.detail == "a: 1 was written and accepted, but 7 was read back"


async def test_what_is_read_back_bad_differs(bench: Bench) -> None:
    bad = {"a": Bad(BadReason.OUT_OF_RANGE, 900)}
    bench.plan = reading(Result(ResultStatus.DONE, bad=bad))
    result = await bench.end(**SOON)
    assert (result.status, result.reason, result.bad) == ("failed", "read-back-differs", bad)


@pytest.mark.parametrize(
    "unread",
    [
        Result(ResultStatus.UNREACHABLE, reason="timeout", detail="it does not answer"),
        Result(ResultStatus.EXPIRED, detail="its time is over"),
        Result(ResultStatus.DONE, bad={"a": Bad(BadReason.DEVICE_ERROR, code=4)}),
    ],
)
async def test_what_is_not_read_back_is_not_verified(bench: Bench, unread: Result) -> None:
    bench.plan = reading(unread)
    result = await bench.end(**SOON)
    assert (result.status, result.reason) == ("unknown", "not-verified")
    assert (result.detail or "").startswith("a was written, but not read back: ")


async def test_what_was_written_beside_it_is_told(bench: Bench) -> None:
    def plan(command: Command) -> Result:
        return found(7) if command.read else Result(ResultStatus.DONE, {"a": 1, "b": 2})

    bench.plan = plan
    result = await bench.end(**SOON)
    assert result.values == {"a": 7, "b": 2}
    assert (result.detail or "").startswith("written: b; then a: 1 was written")


async def test_what_was_not_done_is_not_read_back(bench: Bench) -> None:
    bench.plan = lambda _: Result(ResultStatus.UNKNOWN, reason="timeout")
    assert (await bench.end(**SOON)).reason == "timeout"
    assert len(bench.wire) == 1


async def test_a_settle_time_beyond_the_deadline_expires_before_anything_is_written(bench: Bench) -> None:
    result = await bench.end(in_s=1.0, settling={"a": Settling(10.0)})
    assert result.status == "expired"
    assert (result.detail or "").startswith("its pauses take 10 s")
    assert bench.wire == []


async def test_each_step_settles_before_the_next(bench: Bench) -> None:
    bench.plan = reading(found(1), found(7))
    result = await bench.end(parts=(write(a=1), pause(0.01), write(a=2), write(b=3)), **SOON)
    assert [kind for _, kind, _ in bench.wire] == ["write", "read", "write", "read"]
    assert (result.status, result.reason) == ("failed", "read-back-differs")
    assert (result.detail or "").startswith("step 3 of 4: a: 2 was written")


async def test_the_settle_times_of_all_steps_count(bench: Bench) -> None:
    steps = (write(a=1), write(a=2), write(a=3))
    assert (await bench.end(in_s=1.0, parts=steps, settling={"a": Settling(0.4)})).status == "expired"
    assert bench.wire == []
