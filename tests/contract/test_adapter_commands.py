"""What every adapter promises of commands, and of those who look at its link."""

import asyncio
import json

import pytest

from gateway.adapter import Progress, Rejected, to_nobody
from gateway.model import Command, DeviceState, ResultStatus
from tests.contract.rigs import QUIET, TALKATIVE, Rig, invoke, read, write
from tests.support.emitted import running, untold


class Frames(list[tuple[str, bytes]]):
    """A tap, or what was written."""

    def __call__(self, direction: str, data: bytes) -> None:
        self.append((direction, data))

    def wrote(self, data: bytes) -> None:
        self("tx", data)


async def test_a_command_runs_beside_the_polls(rig: Rig) -> None:
    adapter = rig.make()
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
        result = await adapter.execute(read(TALKATIVE), untold)
        assert result.status is ResultStatus.DONE
        assert set(result.values) == {"value"}


async def test_a_command_to_a_link_that_is_down_is_unreachable(rig: Rig) -> None:
    adapter = rig.make()
    assert (await adapter.execute(read(TALKATIVE), untold)).status is ResultStatus.UNREACHABLE
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
    assert (await adapter.execute(read(TALKATIVE), untold)).status is ResultStatus.UNREACHABLE


@pytest.mark.parametrize(
    ("device", "point", "reason"), [("nobody", "value", "unknown-device"), (TALKATIVE, "nothing", "unknown-point")]
)
async def test_a_command_to_what_does_not_exist_is_rejected(rig: Rig, device: str, point: str, reason: str) -> None:
    adapter = rig.make()
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
        with pytest.raises(Rejected) as caught:
            await adapter.execute(read(device, point), untold)
    assert caught.value.reason == reason


async def test_a_command_whose_time_is_over_expires(rig: Rig) -> None:
    adapter = rig.make()
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
        late = Command("c", TALKATIVE, asyncio.get_running_loop().time() - 1, read=("value",))
        assert (await adapter.execute(late, untold)).status is ResultStatus.EXPIRED


async def test_each_write_is_told_of_as_it_goes_and_no_read_is(rig: Rig) -> None:
    for _ in range(2):
        adapter, told = rig.make(), Frames()
        async with running(adapter) as emitted:
            await emitted.sample(TALKATIVE)
            await adapter.execute(read(TALKATIVE), told.wrote)
            assert told == []
            assert (await adapter.execute(write(TALKATIVE), told.wrote)).status is ResultStatus.DONE
        assert told
        assert all(type(data) is bytes and data for _, data in told)
        await rig.all_closed()


async def test_a_named_command_is_carried_out_and_told_of_or_there_is_none(rig: Rig) -> None:
    adapter, told = rig.make(), Frames()
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
        with pytest.raises(Rejected):
            await adapter.execute(invoke(TALKATIVE, "no such command", {}), told.wrote)
        assert told == []
        if rig.named is None:
            return
        assert (await adapter.execute(invoke(TALKATIVE, *rig.named), told.wrote)).status is ResultStatus.DONE
        assert told
        rig.silence()
        lost = await adapter.execute(invoke(QUIET, *rig.named), told.wrote)
    assert lost.status in {ResultStatus.UNKNOWN, ResultStatus.UNREACHABLE}


async def test_a_write_that_does_not_leave_is_not_told_of(rig: Rig) -> None:
    adapter, told = rig.make(), Frames()
    await adapter.execute(write(TALKATIVE), told.wrote)
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
        late = Command("c", TALKATIVE, asyncio.get_running_loop().time() - 1, write={"value": 1})
        await adapter.execute(late, told.wrote)
        with pytest.raises(Rejected):
            await adapter.execute(write(TALKATIVE, "nothing"), told.wrote)
    assert told == []


async def test_a_write_to_a_dead_device_has_been_told_of(rig: Rig) -> None:
    adapter, told = rig.make(), Frames()
    async with running(adapter) as emitted:
        await emitted.state(QUIET, DeviceState.ONLINE)
        rig.silence()
        result = await adapter.execute(write(QUIET), told.wrote)
    assert result.status in {ResultStatus.UNKNOWN, ResultStatus.UNREACHABLE}
    assert told or result.status is ResultStatus.UNREACHABLE


async def test_a_tap_sees_both_directions_of_each_instance_or_there_is_none(rig: Rig) -> None:
    for _ in range(2):
        adapter, frames = rig.make(), Frames()
        try:
            adapter.tap(frames)
        except Rejected:
            return
        async with running(adapter) as emitted:
            await emitted.sample(TALKATIVE)
            assert {direction for direction, _ in frames} == {"tx", "rx"}
            assert all(type(data) is bytes and data for _, data in frames)
            told = Frames()
            await adapter.execute(write(TALKATIVE), told.wrote)
            assert set(told) <= set(frames), "what is written is seen as it is told of"
            adapter.tap(None)
            seen = len(frames)
            await emitted.sample(TALKATIVE, 2)
            assert len(frames) == seen
        await rig.all_closed()


async def test_a_tap_that_fails_harms_nobody(rig: Rig) -> None:
    def fails(_direction: str, _data: bytes) -> None:
        raise LookupError("a bug in what looks on")

    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    adapter = rig.make()
    try:
        adapter.tap(fails)
    except Rejected:
        return
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE, 2)
        assert not emitted.bad(TALKATIVE)


async def test_a_scan_finds_what_is_there_beside_the_polls_or_there_is_none(rig: Rig) -> None:
    for _ in range(2):
        adapter = rig.make()
        async with running(adapter) as emitted:
            await emitted.state(TALKATIVE, DeviceState.ONLINE)
            try:
                found = await adapter.scan(rig.scan_options)
            except Rejected:
                return
            assert rig.finds(found)
            assert json.loads(json.dumps(found)) == found
            await emitted.sample(TALKATIVE)
        await rig.all_closed()


async def test_a_scan_of_what_makes_no_sense_or_without_a_link_is_rejected(rig: Rig) -> None:
    adapter = rig.make()
    with pytest.raises(Rejected):
        await adapter.scan(rig.scan_options)
    async with running(adapter) as emitted:
        await emitted.sample(TALKATIVE)
        with pytest.raises(Rejected):
            await adapter.scan({"nonsense": 1})


async def test_a_scan_says_first_how_long_it_takes_and_then_how_far_it_is(rig: Rig) -> None:
    told: list[Progress] = []
    adapter = rig.make()
    async with running(adapter) as emitted:
        await emitted.state(TALKATIVE, DeviceState.ONLINE)
        try:
            found = await adapter.scan(rig.scan_options, told.append)
        except Rejected:
            return
    assert (told[0].done, told[-1].done) == (0, told[0].total)
    assert [each.done for each in told] == sorted(each.done for each in told)
    addresses = [next(iter(one.values())) for each in told for one in each.found]
    assert {next(iter(one.values())) for one in found} <= set(addresses), "none is kept for the end"


async def test_a_survey_finds_the_same_on_a_link_that_nobody_serves_and_leaves_it(rig: Rig) -> None:
    assert not rig.adapter.scans_alone(rig.link, rig.scan_options)
    for _ in range(2):
        try:
            found = await rig.adapter.survey(rig.link, rig.devices, rig.scan_options, to_nobody)
        except Rejected:
            return
        assert rig.finds(found, alone=True)
        await rig.all_closed()


async def test_a_survey_that_is_cancelled_closes_everything(rig: Rig) -> None:
    for steps in range(12):
        task = asyncio.create_task(rig.adapter.survey(rig.link, rig.devices, rig.scan_options, to_nobody))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await rig.all_closed()


async def test_a_peek_is_read_or_refused_and_what_makes_no_sense_always_is(rig: Rig) -> None:
    adapter = rig.make()
    async with running(adapter) as emitted:
        await emitted.state(TALKATIVE, DeviceState.ONLINE)
        deadline_s = asyncio.get_running_loop().time() + 5
        with pytest.raises(Rejected):
            await adapter.peek(Command("c", TALKATIVE, deadline_s, peek="\0 no such thing"))
        try:
            result = await adapter.peek(Command("c", TALKATIVE, deadline_s, peek=rig.peek))
        except Rejected:
            return
    assert (result.status, len(result.found)) == (ResultStatus.DONE, 1)
    json.dumps(result.found)
