"""What every adapter promises of devices that speak by themselves, and of those that tell what points they have."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from typing_extensions import override

from gateway.freshness import Freshness
from gateway.latest import Latest, Reading
from gateway.model import BadReason, DeviceInfo, DeviceState, DeviceStatus, Notice, Relearned, Sample, Value
from tests.contract.heard_rigs import HEARD_RIGS, LEARNING_RIGS, HeardRig, Said, Unlearned
from tests.contract.rigs import QUIET, TALKATIVE
from tests.support.emitted import Emitted, running, telling


@pytest.fixture(params=HEARD_RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[HeardRig]:
    async with HEARD_RIGS[request.param]() as heard:
        yield heard


@pytest.fixture
def learned_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once all is heard, as these devices say all of it at once."""
    monkeypatch.setattr("adapters.ble.heard.learned.SETTLED_S", 0.2)


@pytest.fixture(params=LEARNING_RIGS)
async def unlearned(request: pytest.FixtureRequest, learned_at_once: None) -> AsyncIterator[Unlearned]:
    async with LEARNING_RIGS[request.param]() as devices:
        yield devices


class House(Emitted):
    """What the core knows: the newest of each point, also that it has not been told for too long."""

    def __init__(self, devices: Mapping[str, Any]) -> None:
        super().__init__()
        self.latest = Latest()
        self._loop = asyncio.get_running_loop()
        infos = [DeviceInfo(name, "", "", 0.0, {}, tuple(each.groups(name))) for name, each in devices.items()]
        self._freshness = Freshness(infos, self._loop.time())
        self._stale = set[tuple[str, str]]()

    @override
    def __call__(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        if isinstance(item, Sample):
            self.latest.put(item)
            self._freshness.heard(item.group, self._loop.time())
            self._stale -= {(item.group.device, name) for name, _ in item.told()}
        super().__call__(item)

    def known(self, device: str) -> dict[str, Value | None]:
        return {name: reading.value for name, reading in self.latest.of(device).items()}

    def stale(self, device: str) -> set[str]:
        """By the adapter's word or the core's, who is told in `PointGroup.stale_after_s` when."""
        for group in self._freshness.turned_stale(self._loop.time()):
            self._stale |= {(group.device, name) for name in group.points}
        told = {name for name, reading in self.latest.of(device).items() if _is_stale(reading)}
        return told | {name for owner, name in self._stale if owner == device}


async def test_each_thing_that_is_said_is_told_in_its_order(rig: HeardRig) -> None:
    rig.saying[TALKATIVE] = Said(1)
    async with telling(rig.make(), House(rig.devices)) as house:
        for value in range(1, 8):
            rig.saying[TALKATIVE] = Said(value, value)
            await house.until(lambda: house.known(TALKATIVE) == {"value": value, "other": value})  # noqa: B023
        told = [value for sample in house.samples(TALKATIVE) for value in sample.values if value is not None]
    assert told == sorted(told)
    assert house.states(TALKATIVE) == [DeviceState.ONLINE]


async def test_who_says_nothing_is_nothing_but_offline_and_stale(rig: HeardRig) -> None:
    rig.saying[TALKATIVE] = Said(7)
    async with telling(rig.make(), House(rig.devices)) as house:
        await house.until(lambda: house.stale(QUIET) == {"value", "other"} and house.states(QUIET))
        assert house.states(QUIET) == [DeviceState.OFFLINE]
        assert not any(house.known(QUIET).values())
        assert house.states(TALKATIVE) == [DeviceState.ONLINE]
        assert not house.stale(TALKATIVE)


async def test_who_falls_silent_is_offline_and_stale_once_and_is_back_with_its_first_word(rig: HeardRig) -> None:
    rig.saying |= {QUIET: Said(5, 6), TALKATIVE: Said(7)}
    async with telling(rig.make(), House(rig.devices)) as house:
        await house.until(lambda: house.known(QUIET) == {"value": 5, "other": 6})
        del rig.saying[QUIET]
        await house.state(QUIET, DeviceState.OFFLINE)
        await house.until(lambda: house.stale(QUIET) == {"value", "other"})
        count = len(house.samples(QUIET))
        await house.sample(TALKATIVE, 5)
        assert len(house.samples(QUIET)) == count
        rig.saying[QUIET] = Said(5, 6)
        await house.until(lambda: house.known(QUIET) == {"value": 5, "other": 6} and not house.stale(QUIET))
        await house.state(QUIET, DeviceState.ONLINE)
    assert house.states(QUIET) == [DeviceState.ONLINE, DeviceState.OFFLINE, DeviceState.ONLINE]
    assert house.states(TALKATIVE) == [DeviceState.ONLINE]


async def test_a_point_that_is_left_out_turns_stale_and_the_others_do_not(rig: HeardRig) -> None:
    rig.saying[TALKATIVE] = Said(1, 2)
    async with telling(rig.make(), House(rig.devices)) as house:
        await house.until(lambda: house.known(TALKATIVE) == {"value": 1, "other": 2})
        rig.saying[TALKATIVE] = Said(3, None)
        await house.until(lambda: house.known(TALKATIVE)["value"] == 3)
        assert house.known(TALKATIVE)["other"] == 2 or house.stale(TALKATIVE), "it stays as it was until then"
        await house.until(lambda: house.stale(TALKATIVE) == {"other"})
        assert house.known(TALKATIVE)["value"] == 3
        assert DeviceState.OFFLINE not in house.states(TALKATIVE)
        rig.saying[TALKATIVE] = Said(3, 2)
        await house.until(lambda: not house.stale(TALKATIVE) and house.known(TALKATIVE)["other"] == 2)


async def test_points_that_devices_tell_are_told_of_once_and_are_there_in_a_fresh_instance(
    unlearned: Unlearned,
) -> None:
    adapter, link, devices = unlearned
    memory: dict[str, dict[str, Any]] = {name: {} for name in devices}
    assert not any(device.points for device in adapter.complete(link, devices, memory).values())
    async with running(adapter(link, devices, memory)) as emitted:
        await emitted.until(lambda: {*relearned(emitted)} == {QUIET, TALKATIVE})
        assert not [item for item in emitted.items if isinstance(item, Sample)]
    complete = adapter.complete(link, devices, memory)
    assert all(device.points for device in complete.values())
    assert not any(device.points for device in devices.values()), "what was configured stays as it was"
    async with telling(adapter(link, complete, memory), House(complete)) as house:
        await house.until(lambda: all(any(house.known(name).values()) for name in complete))
        await house.sample(TALKATIVE)
    samples = [item for item in house.items if isinstance(item, Sample)]
    assert {each.group for each in samples} <= {group for name in complete for group in complete[name].groups(name)}
    assert not relearned(house)


def relearned(emitted: Emitted) -> list[str]:
    return [item.device for item in emitted.items if isinstance(item, Relearned)]


def _is_stale(reading: Reading) -> bool:
    return reading.bad is not None and reading.bad.reason == BadReason.STALE
