"""The last word on devices that left: told once, whatever happens meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.config.models import DEVICE_KINDS
from gateway.endpoints.payload import Encoder
from gateway.intake import Intake
from gateway.model import DeviceInfo
from gateway.outbox.entry import Entry
from gateway.report import ReportFilter, resolve
from tests.relay.setup import FarEnd, RelayRig, relaying


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@asynccontextmanager
async def serving(path: Path, *devices: str, kinds: Sequence[str] = DEVICE_KINDS) -> AsyncIterator[RelayRig]:
    """A process in which these devices are configured."""
    doors: list[Intake] = []

    def announce(relays: RelayRig) -> Sequence[Entry]:
        if not doors:
            doors.append(_door(relays, devices, kinds))
        return doors[0].announce()

    async with relaying(path, announce=announce, devices=devices, kinds=kinds) as relays:
        yield relays


def _door(relays: RelayRig, devices: Sequence[str], kinds: Sequence[str]) -> Intake:
    outbox = relays.rig.outbox
    return Intake(
        outbox=outbox,
        encoder=Encoder("gw", "cloud", outbox.session),
        report=ReportFilter(lambda *_: resolve(), lambda: 0.0),
        devices={name: DeviceInfo(name, "plc", "unit 1", 1.0, {}, ()) for name in devices},
        kinds=kinds,
        departed=lambda: relays.retained.departed,
        status_facts=dict,
        birth_facts=dict,
        now_ms=lambda: 42,
    )


async def known(path: Path, *devices: str, kinds: Sequence[str] = DEVICE_KINDS) -> None:
    """These have been announced."""
    async with serving(path, *devices, kinds=kinds) as relays:
        (await relays.connect()).ack()
        await relays.quiet()
        await relays.rig.settle()


def about(end: FarEnd, device: str) -> list[tuple[str, Any, bool]]:
    """What it was told of a device: the kind, the state or None where a topic is cleared, and whether it is to last."""
    told = [message for message in end.sent if message.device == device]
    return [(m.kind, json.loads(m.payload).get("state") if m.payload else None, m.retain) for m in told]


GONE = [("status", "removed", False), ("birth", None, True), ("status", None, True)]


async def test_a_device_that_left_is_said_to_be_removed_before_its_topics_are_cleared(path: Path) -> None:
    await known(path, "a", "b")
    async with serving(path, "b") as relays:
        end = await relays.connect()
        assert about(end, "a") == GONE
        assert about(end, "b") == [("birth", None, True), ("status", "unknown", True)]
        end.ack()
        await relays.quiet()
        await relays.disconnect()
        assert about(await relays.connect(), "a") == []
    async with serving(path, "b") as relays:
        assert about(await relays.connect(), "a") == []


async def test_until_that_is_acknowledged_each_connection_tells_it_under_the_same_identity(path: Path) -> None:
    await known(path, "a")
    async with serving(path) as relays:
        tokens = set()
        for _ in range(3):
            end = await relays.connect()
            assert about(end, "a") == GONE
            tokens.add(next(m.token for m in end.sent if m.device == "a"))
            await relays.disconnect()
        assert len(tokens) == 1


async def test_it_outlives_an_outage_and_restarts_and_is_then_told_once(path: Path) -> None:
    await known(path, "a", "b")
    for _ in range(2):
        async with serving(path, "b") as relays:
            await relays.rig.settle()
    async with serving(path, "b") as relays:
        await relays.connect()
        await relays.disconnect()
        await relays.rig.settle()
    for _ in range(2):
        async with serving(path, "b") as relays:
            end = await relays.connect()
            await relays.quiet()
            assert sorted(about(end, "a"), key=str) == sorted(GONE, key=str)
    async with serving(path, "b") as relays:
        end = await relays.connect()
        await relays.quiet()
        end.ack()
        await relays.quiet()
        await relays.rig.settle()
    async with serving(path, "b") as relays:
        end = await relays.connect()
        await relays.quiet()
        assert about(end, "a") == []


async def test_whoever_clears_at_once_forgets_no_device_of_which_the_last_word_could_be_lost(path: Path) -> None:
    await known(path, "a")
    async with serving(path) as relays:
        end = await relays.connect()
        end.ack([message.token for message in end.sent if not message.payload])
        await relays.quiet()
        assert relays.rig.query("SELECT device FROM announced") == []
        assert relays.rig.query("SELECT device FROM envelope WHERE kind = 'status' AND device <> ''") == [("a",)]


async def test_a_device_that_is_back_before_anybody_was_told_never_left(path: Path) -> None:
    await known(path, "a")
    async with serving(path) as relays:
        await relays.rig.settle()
    async with serving(path, "a") as relays:
        end = await relays.connect()
        assert about(end, "a") == [("birth", None, True), ("status", "unknown", True)]


async def test_where_no_states_go_its_topics_are_cleared_without_a_word(path: Path) -> None:
    await known(path, "a", kinds=["births"])
    async with serving(path, kinds=["births"]) as relays:
        assert about(await relays.connect(), "a") == GONE[1:]


async def test_what_does_not_go_there_any_more_leaves_no_topic_behind(path: Path) -> None:
    await known(path, "a", "b")
    for acknowledge in (False, True):
        async with serving(path, "a", "b", kinds=["births", "readings"]) as relays:
            end = await relays.connect()
            assert about(end, "a") == about(end, "b") == [("birth", None, True), ("status", None, True)]
            if acknowledge:
                end.ack()
                await relays.quiet()
    async with serving(path, "a", "b", kinds=["births", "readings"]) as relays:
        assert about(await relays.connect(), "a") == [("birth", None, True)]


async def test_what_never_went_there_is_not_cleared_until_it_has_and_is_not_to_any_more(path: Path) -> None:
    await known(path, "a", kinds=["readings"])
    await known(path, "a", kinds=["readings"])
    async with serving(path, "a", kinds=["readings"]) as relays:
        assert about(await relays.connect(), "a") == []
    await known(path, "a", kinds=["statuses"])
    async with serving(path, "a", kinds=["readings"]) as relays:
        assert about(await relays.connect(), "a") == [("status", None, True)]


async def test_what_is_acknowledged_while_the_house_ends_the_connection_counts(path: Path) -> None:
    await known(path, "a", "b")
    async with serving(path, "b") as relays:
        end = await relays.connect()
        relays.flow.attached.fail("for a test")
        for _ in range(2):  # by then its tasks are being ended, and the far end has not heard of it
            await asyncio.sleep(0)
        assert relays.relay.connected_now
        end.ack()
        assert relays.relay.delivered == len(end.sent)
        assert str(await relays.ended()) == "for a test"
