"""One link at work: its commands one after the other, whatever its adapter does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from gateway import link as link_module
from gateway.adapter import Adapter, AdapterError, DeviceConfig, Emit, LinkConfig, PointConfig, Rejected, Wrote
from gateway.jobs import Job
from gateway.link import FieldLink
from gateway.model import (
    Bad,
    BadReason,
    Command,
    DeviceState,
    DeviceStatus,
    Interlock,
    PointGroup,
    Relearned,
    Result,
    ResultStatus,
    Sample,
)
from gateway.supervisor import Phase
from tests.outbox.setup import until

GROUP = PointGroup("d", 1.0, ("a", "b"), ("int", "int"))


class Puppet(Adapter):
    """Does what the test says."""

    Link: ClassVar[type[LinkConfig]] = LinkConfig
    Device: ClassVar[type[DeviceConfig[Any]]] = DeviceConfig[PointConfig]
    carry_out: ClassVar[Callable[[Command], Awaitable[Result]]]
    ended: ClassVar[asyncio.Event]
    emit: ClassVar[Emit | None] = None
    executed: ClassVar[list[str]] = []

    @override
    def __init__(self, link: Any, devices: Any, memory: Any) -> None:
        pass

    @override
    async def run(self, emit: Emit) -> None:
        Puppet.emit = emit
        await Puppet.ended.wait()
        raise AdapterError("cable cut")

    @override
    async def execute(self, command: Command, wrote: Wrote) -> Result:
        Puppet.executed.append(command.id)
        return await Puppet.carry_out(command)


class Field:
    """Stands where the core's field stands."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.down: list[str] = []
        self.kept = asyncio.Event()

    async def durable(self, sample: Sample) -> None:
        self(sample)
        await self.kept.wait()

    def __call__(self, item: Any) -> None:
        self.items.append(item)

    def link_down(self, link: str) -> None:
        self.down.append(link)


@asynccontextmanager
async def linked(
    max_queue: int = 2,
    *,
    up: bool = True,
    working: bool = True,
    devices: Mapping[str, Any] = MappingProxyType({}),
    learned: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[FieldLink, Field]]:
    Puppet.ended, Puppet.executed, Puppet.emit = asyncio.Event(), [], None
    field: Any = Field()
    link = FieldLink(
        "plc",
        adapter=Puppet,
        config=LinkConfig(adapter="puppet"),
        devices=devices,
        memory={},
        field=field,
        max_queue=max_queue,
        learned=learned,
    )
    tasks = [asyncio.create_task(link.run_commands())] if working else []
    if up:
        tasks.append(asyncio.create_task(link.supervised.run()))
        await until(lambda: Puppet.emit)
    try:
        yield link, field
    finally:
        for task in tasks:
            assert not task.done(), "it must go on whatever happens"
            task.cancel()
        await asyncio.wait(tasks)


async def outcome(link: FieldLink, *, write: bool = True, in_s: float = 60.0, name: str = "c") -> Result:
    done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    deadline_s = asyncio.get_running_loop().time() + in_s
    command = Command(name, "d", deadline_s, {"a": 1} if write else None, None if write else ("a",))
    link.submit(Job(command, done.set_result))
    async with asyncio.timeout(10):
        return await done


def answer(result: Result | BaseException) -> Callable[[Command], Awaitable[Result]]:
    async def carry_out(_: Command) -> Result:
        if isinstance(result, BaseException):
            raise result
        return result

    return carry_out


async def never(_: Command) -> Result:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def phase(link: FieldLink) -> Phase:
    return link.supervised.phase


async def test_a_command_is_carried_out_and_its_end_told() -> None:
    async with linked() as (link, _):
        Puppet.carry_out = answer(Result(ResultStatus.DONE, {"a": 1}))
        assert await outcome(link) == Result(ResultStatus.DONE, {"a": 1})


async def test_that_a_device_has_other_points_is_told_and_shows_that_the_link_serves() -> None:
    told: list[str] = []
    async with linked(learned=told.append) as (link, field):
        assert Puppet.emit is not None
        Puppet.emit(Relearned("d"))
        assert (told, field.items, phase(link)) == (["d"], [], Phase.UP)


@pytest.mark.parametrize("sign", [Relearned("d"), DeviceStatus("d", DeviceState.OFFLINE, 0, "timeout")])
async def test_a_link_is_not_tried_before_devices_without_points_have_been_asked(sign: Any) -> None:
    class Bare:
        points: ClassVar[dict[str, Any]] = {}

    async with linked(devices={"d": Bare()}) as (link, _):
        assert Puppet.emit is not None
        Puppet.emit(Sample(GROUP, 0, (1, 2)))
        tried = asyncio.create_task(link.tried())
        await asyncio.sleep(0)
        assert not tried.done()
        Puppet.emit(sign)
        async with asyncio.timeout(10):
            await tried


async def test_a_link_that_fails_has_been_tried_whatever_its_devices_are() -> None:
    class Bare:
        points: ClassVar[dict[str, Any]] = {}

    async with linked(devices={"d": Bare()}) as (link, _):
        Puppet.ended.set()
        async with asyncio.timeout(10):
            await link.tried()


async def test_what_the_adapter_refuses_is_rejected() -> None:
    async with linked() as (link, _):
        Puppet.carry_out = answer(Rejected("policy", "no"))
        result = await outcome(link)
        assert (result.status, result.reason, result.detail) == ("rejected", "policy", "no")


@pytest.mark.parametrize("error", [ValueError("oops"), AdapterError("lost"), asyncio.CancelledError()])
async def test_a_defect_leaves_it_unknown_and_the_next_command_is_carried_out(error: BaseException) -> None:
    async with linked() as (link, _):
        Puppet.carry_out = answer(error)
        assert (await outcome(link)).status == "unknown"
        Puppet.carry_out = answer(Result(ResultStatus.DONE))
        assert (await outcome(link)).status == "done"


async def test_a_command_that_is_cut_short_by_its_adapters_end_is_unknown_if_it_writes() -> None:
    async with linked() as (link, _):
        Puppet.carry_out = never
        pending = asyncio.ensure_future(outcome(link))
        await until(lambda: Puppet.executed)
        Puppet.ended.set()
        assert (await pending).status == "unknown"


async def test_a_read_that_is_cut_short_is_unreachable() -> None:
    async with linked() as (link, _):
        Puppet.carry_out = never
        pending = asyncio.ensure_future(outcome(link, write=False))
        await until(lambda: Puppet.executed)
        Puppet.ended.set()
        assert (await pending).status == "unreachable"


async def test_no_command_outlives_its_deadline_by_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.link.GRACE_S", 0.02)
    async with linked() as (link, _):
        Puppet.carry_out = never
        assert (await outcome(link, in_s=0.01)).status == "unknown"


async def test_a_command_whose_time_ran_out_in_the_queue_is_not_begun() -> None:
    async with linked() as (link, _):
        assert (await outcome(link, in_s=-1.0)).status == "expired"
        assert Puppet.executed == []


async def test_while_the_link_is_down_commands_are_unreachable() -> None:
    async with linked(up=False) as (link, _):
        result = await outcome(link)
        assert (result.status, result.reason) == ("unreachable", "no-link")


async def test_a_full_queue_says_so() -> None:
    async with linked(max_queue=2) as (link, _):
        Puppet.carry_out = never
        waiting = [asyncio.ensure_future(outcome(link, name="first"))]
        await until(lambda: Puppet.executed)
        waiting += [asyncio.ensure_future(outcome(link, name=str(number))) for number in range(2)]
        await until(lambda: link.is_full)
        with pytest.raises(Rejected) as caught:
            await outcome(link)
        assert caught.value.reason == "queue-full"
        for one in waiting:
            one.cancel()


async def test_commands_are_carried_out_one_after_the_other_in_order() -> None:
    async with linked(max_queue=10) as (link, _):
        busy = 0

        async def carry_out(_: Command) -> Result:
            nonlocal busy
            busy += 1
            assert busy == 1
            await asyncio.sleep(0)
            busy -= 1
            return Result(ResultStatus.DONE)

        Puppet.carry_out = carry_out
        await asyncio.gather(*(outcome(link, name=str(number)) for number in range(5)))
        assert Puppet.executed == ["0", "1", "2", "3", "4"]


async def test_a_link_is_up_with_the_first_value_not_with_the_first_word() -> None:
    async with linked() as (link, field):
        assert Puppet.emit is not None
        bad = {"a": Bad(BadReason.TIMEOUT), "b": Bad(BadReason.TIMEOUT)}
        Puppet.emit(Sample(GROUP, 0, (None, None), bad))
        assert phase(link) == Phase.STARTING
        Puppet.emit(Sample(GROUP, 0, (1, None), {"b": bad["b"]}))
        assert phase(link) == Phase.UP
        assert len(field.items) == 2


async def test_a_link_is_up_with_a_value_that_must_be_kept_before_it_is() -> None:
    async with linked() as (link, field):
        assert Puppet.emit is not None
        keeping = asyncio.create_task(Puppet.emit.durable(Sample(GROUP, 0, (1, 2))))
        await until(lambda: field.items)
        assert phase(link) == Phase.UP
        assert not keeping.done()
        field.kept.set()
        await keeping


async def test_a_link_that_ends_is_told_to_the_field() -> None:
    async with linked() as (_, field):
        Puppet.ended.set()
        await until(lambda: field.down)
        assert field.down == ["plc"]


async def test_at_the_stop_what_waits_is_refused_and_what_is_under_way_is_unknown() -> None:
    Puppet.carry_out = never
    async with linked(max_queue=5, working=False) as (link, _):
        ends: dict[str, Result] = {}
        worker = asyncio.create_task(link.run_commands())
        for name in ("under way", "waiting for its device", "waiting"):
            deadline_s = asyncio.get_running_loop().time() + 60
            link.submit(Job(Command(name, "d", deadline_s, {"a": 1}), partial(ends.__setitem__, name)))
        await until(lambda: Puppet.executed)
        worker.cancel()
        await asyncio.wait([worker])
        link.refuse_waiting()
        assert {name: (end.status.value, end.reason) for name, end in ends.items()} == {
            "under way": ("unknown", None),
            "waiting for its device": ("rejected", "stopping"),
            "waiting": ("rejected", "stopping"),
        }


@pytest.mark.parametrize(
    ("reason", "expected"),
    [(BadReason.DEVICE_ERROR, Phase.UP), (BadReason.TIMEOUT, Phase.STARTING), (BadReason.STALE, Phase.STARTING)],
)
async def test_a_device_that_answers_with_errors_has_answered(reason: BadReason, expected: Phase) -> None:
    async with linked() as (link, _):
        assert Puppet.emit is not None
        Puppet.emit(Sample(GROUP, 0, (None, None), {"a": Bad(reason), "b": Bad(reason)}))
        assert phase(link) is expected


async def test_a_link_is_up_with_a_value_and_not_with_what_a_sample_does_not_tell() -> None:
    async with linked() as (link, _):
        assert Puppet.emit is not None
        Puppet.emit(Sample(GROUP, 0, (None, None), {"a": Bad(BadReason.STALE)}, partial=True))
        assert phase(link) == Phase.STARTING
        Puppet.emit(Sample(GROUP, 0, (1, None), partial=True))
        assert phase(link) == Phase.UP


async def test_one_who_looks_on_does_not_keep_a_link_down_that_can_show_nothing() -> None:
    async with linked(up=False) as (link, _):
        with link.tapped(lambda _direction, _data: None):
            serving = asyncio.create_task(link.supervised.run())
            await until(lambda: Puppet.emit or link.supervised.failures)
            assert (link.supervised.failures, link.supervised.fault) == (0, None)
            serving.cancel()
            await asyncio.wait([serving])


async def test_an_adapter_that_answers_with_nonsense_leaves_it_unknown_and_the_link_at_work() -> None:
    async with linked() as (link, _):
        Puppet.carry_out = lambda _: nonsense()
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        deadline_s = asyncio.get_running_loop().time() + 60
        interlock = Interlock("rule", {"b": False})
        link.submit(Job(Command("c", "d", deadline_s, {"a": 1}), done.set_result, (interlock,)))
        async with asyncio.timeout(10):
            assert (await done).status == "rejected", "an interlock that can't be read forbids it"
        assert (await outcome(link)).reason == "defect"


async def nonsense() -> Any:
    return None


async def test_an_adapter_that_hangs_gives_its_link_back_however_late_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "LONGEST_S", 0.02)
    async with linked() as (link, _):
        Puppet.carry_out = never
        assert (await outcome(link, in_s=1e6)).status is ResultStatus.UNKNOWN
        Puppet.carry_out = answer(Result(ResultStatus.DONE))
        assert (await outcome(link)).status is ResultStatus.DONE
