"""The core's end of every adapter: it passes on, and adds what only it can know."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from gateway import field as module
from gateway.adapter.errors import DETAIL_CHARS, Unkept
from gateway.field import Field
from gateway.latest import Reading
from gateway.model import Bad, BadReason, DeviceInfo, DeviceState, DeviceStatus, Notice, PointGroup, Sample

GROUP = PointGroup("boiler", 1.0, ("temp",), ("float",))
DEVICES = {
    "boiler": DeviceInfo("boiler", "plc", "unit 1", 1.0, {}, (GROUP,)),
    "meter": DeviceInfo("meter", "bus", "unit 7", 1.0, {}, ()),
}


class Door:
    """Stands where an endpoint's intake stands."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.statuses: list[DeviceStatus] = []

    def sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def device_status(self, status: DeviceStatus) -> None:
        self.statuses.append(status)

    def reasons(self) -> list[str]:
        return [bad.reason.value for sample in self.samples for bad in sample.bad.values()]


class Loop:
    """A clock that moves when the watch sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.naps: asyncio.Queue[float] = asyncio.Queue()
        self.awake = asyncio.Event()

    def time(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.naps.put_nowait(seconds)
        await self.awake.wait()
        self.awake.clear()


@pytest.fixture
async def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(
        module, "asyncio", SimpleNamespace(get_running_loop=lambda: loop, sleep=loop.sleep, Event=asyncio.Event)
    )
    return loop


@pytest.fixture
async def door() -> Door:
    return Door()


@pytest.fixture
async def field(loop: Loop, door: Door) -> Field:
    field = Field(DEVICES, lambda: 42)
    doors: list[Any] = [door]
    field.open_to(doors, [])
    door.statuses.clear()
    return field


def good(value: float = 1.0) -> Sample:
    return Sample(GROUP, 1, (value,))


async def test_samples_and_news_are_passed_on(field: Field, door: Door) -> None:
    sample = good()
    field(sample)
    field(DeviceStatus("boiler", DeviceState.ONLINE, 1))
    field(DeviceStatus("boiler", DeviceState.ONLINE, 2))
    assert door.samples == [sample]
    assert [status.since_ms for status in door.statuses] == [1]


async def test_a_link_that_is_down_makes_its_devices_offline_and_their_points_bad_once(
    field: Field, door: Door
) -> None:
    field.link_down("plc")
    field.link_down("plc")
    assert door.reasons() == [BadReason.NO_LINK]
    assert [(status.device, status.state, status.reason) for status in door.statuses] == [
        ("boiler", "offline", "no-link")
    ]


async def test_a_link_that_was_up_in_between_is_down_anew(field: Field, door: Door) -> None:
    field.link_down("plc")
    field(good())
    field(DeviceStatus("boiler", DeviceState.ONLINE, 1))
    field.link_down("plc")
    assert door.reasons() == [BadReason.NO_LINK] * 2


async def test_silence_turns_points_stale_once_also_while_the_link_is_down(
    field: Field, door: Door, loop: Loop
) -> None:
    watch = asyncio.ensure_future(field.watch())
    assert await loop.naps.get() == pytest.approx(10.0)
    field.link_down("plc")
    loop.now_s = 10.0
    loop.awake.set()
    await loop.naps.get()
    assert door.reasons() == ["no-link", "stale"]
    loop.now_s = 20.0
    loop.awake.set()
    await loop.naps.get()
    assert door.reasons() == ["no-link", "stale"]
    field(good())
    loop.now_s = 30.0
    loop.awake.set()
    await loop.naps.get()
    assert door.reasons() == ["no-link", "stale", "stale"]
    watch.cancel()


class Outbox:
    """One that takes what comes to the door, or nothing."""

    name = "cloud"

    def __init__(self, door: Door, *, wants: bool = True, has_room: bool = True) -> None:
        self.flushed: list[int] = []
        self._door = door
        self._wants = wants
        self._has_room = has_room

    @property
    def next_id(self) -> int:
        return 7 + self._wants * len(self._door.samples)

    async def flush(self, since: int) -> bool:
        self.flushed.append(since)
        return self._has_room


async def test_durable_returns_once_every_outbox_has_it_that_wants_it(field: Field, door: Door) -> None:
    doors: list[Any] = [door]
    outboxes: list[Any] = [Outbox(door), Outbox(door), Outbox(door, wants=False)]
    field.open_to(doors, outboxes)
    await field.durable(good())
    assert [outbox.flushed for outbox in outboxes] == [[7], [7], []]
    assert len(door.samples) == 1


async def test_durable_says_so_when_an_outbox_had_no_room(field: Field, door: Door) -> None:
    doors: list[Any] = [door]
    outboxes: list[Any] = [Outbox(door, has_room=False)]
    field.open_to(doors, outboxes)
    with pytest.raises(Unkept, match="cloud"):
        await field.durable(good())


async def test_a_notice_is_logged_and_goes_nowhere_else(field: Field, door: Door) -> None:
    with structlog.testing.capture_logs() as logged:
        field(Notice("boiler", "temp can't be read"))
        field(Notice("boiler", "temp can be read again", mended=True))

    assert [(each["event"], each["log_level"], each["device"], each["text"]) for each in logged] == [
        ("notice", "warning", "boiler", "temp can't be read"),
        ("notice", "info", "boiler", "temp can be read again"),
    ]
    assert (door.samples, door.statuses) == ([], [])


async def test_a_state_is_told_with_its_detail_but_not_at_any_length(field: Field, door: Door) -> None:
    with structlog.testing.capture_logs() as logged:
        field(DeviceStatus("boiler", DeviceState.OFFLINE, 1, "silent", "x" * 10_000))
        field(DeviceStatus("meter", DeviceState.OFFLINE, 1, "silent", ""))

    assert [status.detail for status in door.statuses] == ["x" * DETAIL_CHARS, None]
    assert [each["detail"] for each in logged] == ["x" * DETAIL_CHARS, None]
    assert field.states.current["boiler"].detail == "x" * DETAIL_CHARS


async def test_a_device_whose_points_come_in_several_groups_has_them_all(loop: Loop, door: Door) -> None:
    weight = PointGroup("scale", 0.0, ("weight",), ("float",), 30.0)
    tare = PointGroup("scale", 0.0, ("tare", "unit"), ("float", "text"), 0.0)
    field = Field({"scale": DeviceInfo("scale", "tty", "", 0.0, {}, (weight, tare))}, lambda: 42)
    doors: list[Any] = [door]
    field.open_to(doors, [])

    field(Sample(weight, 1, (12.5,)))
    field(Sample(tare, 2, (None, "kg"), {"tare": Bad(BadReason.INVALID)}))
    field(Sample(weight, 3, (13.5,)))

    assert field.latest.of("scale") == {
        "weight": Reading(3, 13.5),
        "tare": Reading(2, None, Bad(BadReason.INVALID)),
        "unit": Reading(2, "kg"),
    }
    field.link_down("tty")
    assert [sample.group for sample in door.samples[3:]] == [weight, tare], "what is never stale has no link, too"


async def test_a_sample_that_tells_nothing_is_none(field: Field, door: Door) -> None:
    field(Sample(GROUP, 1, (None,), partial=True))
    assert not door.samples
    assert not field.latest.samples()
