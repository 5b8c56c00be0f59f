"""What every adapter promises, ours or a stranger's."""

import asyncio
import json
import math
import pkgutil
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from gateway.adapter import AdapterError
from gateway.model import DeviceState, DeviceStatus, Sample
from tests.contract.blocking import blocking_calls
from tests.contract.rigs import QUIET, RIGS, TALKATIVE, Rig, read
from tests.support.emitted import Emitted, running, untold

KINDS = {"int": int, "float": float, "bool": bool, "text": str}


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_every_adapter_of_ours_is_held_to_the_contract() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = project["entry-points"]["fieldgate.adapters"]
    assert {name.partition(" ")[0] for name in RIGS} == set(ours)
    for reference in ours.values():
        pkgutil.resolve_name(reference)


async def test_every_sample_says_of_each_point_what_it_is_worth_or_why_not(rig: Rig) -> None:
    async with running(rig.make()) as emitted:
        await emitted.sample(TALKATIVE, 3)
        rig.silence()
        await emitted.state(QUIET, DeviceState.OFFLINE)
    samples = [item for item in emitted.items if isinstance(item, Sample)]
    for sample in samples:
        none = {name for name, value in zip(sample.group.points, sample.values, strict=True) if value is None}
        assert none >= set(sample.bad) if sample.partial else none == set(sample.bad)
        assert not sample.is_empty
        for kind, value in zip(sample.group.kinds, sample.values, strict=True):
            assert value is None or type(value) is KINDS[kind]
            assert not isinstance(value, float) or math.isfinite(value)
    assert {sample.group for sample in samples} <= {
        group for name, device in rig.devices.items() for group in device.groups(name)
    }


async def test_cancellation_closes_everything_and_is_not_swallowed(rig: Rig) -> None:
    tasks, files = asyncio.all_tasks(), open_files()
    emitted = Emitted()
    task = asyncio.create_task(rig.make().run(emitted))
    await emitted.sample(TALKATIVE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    count = len(emitted.items)
    await rig.all_closed()
    await emitted.settled()
    assert asyncio.all_tasks() <= tasks | {asyncio.current_task()}
    assert open_files() <= files
    assert len(emitted.items) == count, "nothing is emitted after the end"


async def test_cancellation_at_any_moment_of_the_start_closes_everything(rig: Rig) -> None:
    for steps in range(12):
        task = asyncio.create_task(rig.make().run(Emitted()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await rig.all_closed()


async def test_a_dead_device_is_a_status_and_bad_points_and_its_neighbour_goes_on(rig: Rig) -> None:
    async with running(rig.make()) as emitted:
        await emitted.state(QUIET, DeviceState.ONLINE)
        await emitted.state(TALKATIVE, DeviceState.ONLINE)
        rig.silence()
        await emitted.state(QUIET, DeviceState.OFFLINE)
        assert set(emitted.bad(QUIET)) == set(rig.devices[QUIET].points)
        await emitted.sample(TALKATIVE, 10)
        assert not emitted.bad(TALKATIVE)
        assert emitted.states(TALKATIVE) == [DeviceState.ONLINE]


async def test_a_status_says_since_when_and_is_sent_on_changes_only(rig: Rig) -> None:
    async with running(rig.make()) as emitted:
        await emitted.sample(TALKATIVE, 5)
    statuses = [item for item in emitted.items if isinstance(item, DeviceStatus) and item.device == TALKATIVE]
    assert [status.state for status in statuses] == [DeviceState.ONLINE]
    assert abs(statuses[0].since_ms - emitted.samples(TALKATIVE)[0].time_ms) < 5000


async def test_a_lost_link_ends_the_run_and_closes_everything(rig: Rig) -> None:
    emitted = Emitted()
    task = asyncio.create_task(rig.make().run(emitted))
    await emitted.sample(TALKATIVE)
    rig.cut()
    with pytest.raises(AdapterError):
        async with asyncio.timeout(5):
            await task
    await rig.all_closed()


async def test_a_fresh_instance_takes_over_after_a_lost_link(rig: Rig) -> None:
    for _ in range(3):
        async with running(rig.make()) as emitted:
            await emitted.sample(TALKATIVE)
        await rig.all_closed()


async def test_what_it_counts_only_grows_and_can_be_read_at_any_time(rig: Rig) -> None:
    adapter = rig.make()
    counted = [dict(adapter.counters())]
    async with running(adapter) as emitted:
        for _ in range(2):
            await emitted.sample(TALKATIVE)
            counted.append(dict(adapter.counters()))
    counted.append(dict(adapter.counters()))
    for before, after in pairwise(counted):
        assert all(type(after[name]) is int and after[name] >= value for name, value in before.items())


async def test_nothing_blocks_the_loop(rig: Rig) -> None:
    found = []
    for _ in range(3):  # what blocks does so each time; a machine that reads a file late does not
        with blocking_calls() as blocked:
            adapter = rig.make()
            async with running(adapter) as emitted:
                await emitted.sample(TALKATIVE, 3)
                rig.silence()
                await adapter.execute(read(TALKATIVE), untold)
                await emitted.state(QUIET, DeviceState.OFFLINE)
        found.append(blocked)
        if not blocked:
            return
    raise AssertionError(found)


def test_making_an_instance_needs_no_loop_and_does_nothing() -> None:
    files = open_files()

    async def rigs() -> list[Rig]:
        made = []
        for open_rig in RIGS.values():
            async with open_rig() as rig:
                made.append(rig)
        return made

    for rig in asyncio.run(rigs()):
        rig.make()
    assert open_files() <= files


async def test_unknown_keys_are_refused_and_the_models_have_a_schema(rig: Rig) -> None:
    models: list[type[BaseModel]] = [rig.adapter.Link, rig.adapter.Device]
    for model in models:
        with pytest.raises(ValidationError, match="Extra inputs"):
            model.model_validate({"nonsense": 1})
        assert model.model_json_schema()["additionalProperties"] is False


async def test_the_plan_can_be_told(rig: Rig) -> None:
    for line in rig.adapter.plan_summary(rig.link, rig.devices):
        assert line.isprintable()


async def test_the_load_is_data_and_advice_is_a_line_about_what_there_is(rig: Rig) -> None:
    load = rig.adapter.load(rig.link, rig.devices)
    assert json.loads(json.dumps(load)) == load
    for advice in rig.adapter.advice(rig.link, rig.devices):
        assert advice.text.isprintable()
        assert advice.device in {None, *rig.devices}
