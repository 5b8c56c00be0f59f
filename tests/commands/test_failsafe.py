"""Safe values, when the cloud has been away for long."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.commands import failsafe
from gateway.commands.failsafe import FailSafe, Presence, Written
from gateway.model import FailSafeInfo, Result, ResultStatus
from tests.outbox.setup import until

DONE = Result(ResultStatus.DONE, {"setpoint": 40})
UNREACHABLE = Result(ResultStatus.UNREACHABLE, reason="no-link")


class Rig:
    """A device's fail-safe; its device does what `ends` say, the last of them again and again."""

    def __init__(self, endpoints: Iterable[str]) -> None:
        self.presence = Presence(endpoints)
        self.ends: list[Result] = [DONE]
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.told: list[tuple[str, str, str]] = []

    def make(self, wanted: FailSafeInfo, device: str = "boiler", *, written: Written | None = None) -> FailSafe:
        return FailSafe(device, wanted, self.presence, run="1", send=self._send, report=self._report, written=written)

    async def _send(self, body: bytes, device: str) -> Result:
        self.sent.append((device, json.loads(body)))
        await self.may_end.wait()
        return self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]

    def _report(self, device: str, command: str, result: Result) -> None:
        self.told.append((device, command, result.status.value))

    async def turn(self) -> None:
        """Let the loop run until nothing more happens at once."""
        for _ in range(20):
            await asyncio.sleep(0)


def safe(after_s: float = 0.01, endpoint: str | None = None) -> FailSafeInfo:
    return FailSafeInfo(after_s, {"setpoint": 40}, endpoint)


@asynccontextmanager
async def running(*works: FailSafe) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in works]
    try:
        yield
        for task in tasks:
            assert not task.done(), task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failsafe, "RETRY_S", 0.01)
    monkeypatch.setattr(failsafe, "RETRY_MAX_S", 0.02)


async def test_an_uplink_that_is_away_for_long_brings_the_values_once() -> None:
    rig = Rig(["cloud"])
    async with running(rig.make(safe())):
        await until(lambda: rig.told)
        await rig.turn()
        ((device, body),) = rig.sent
        assert (device, body["write"]) == ("boiler", {"setpoint": 40})
        assert rig.told == [("boiler", body["id"], "done")]


async def test_each_time_that_it_is_lost_brings_them_again_under_another_id() -> None:
    rig = Rig(["cloud"])
    async with running(rig.make(safe())):
        await until(lambda: len(rig.sent) == 1)
        rig.presence.tell("cloud", connected=True)
        await rig.turn()
        rig.presence.tell("cloud", connected=False)
        await until(lambda: len(rig.sent) == 2)
        assert len({body["id"] for _, body in rig.sent}) == 2


async def test_an_uplink_that_comes_back_in_time_brings_nothing() -> None:
    rig = Rig(["cloud"])
    async with running(rig.make(safe(after_s=0.05)), rig.make(safe(after_s=0.1, endpoint="cloud"), "witness")):
        await rig.turn()
        rig.presence.tell("cloud", connected=True)
        await rig.turn()
        rig.presence.tell("cloud", connected=False)
        await rig.turn()
        rig.presence.tell("cloud", connected=True)
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(0.15, passed.set)
        await passed.wait()
        assert rig.sent == []


async def test_the_time_away_begins_with_the_loss_not_with_each_failed_attempt() -> None:
    rig = Rig(["cloud"])
    began_s = rig.presence.away_since_s("cloud")
    rig.presence.tell("cloud", connected=False)
    assert rig.presence.away_since_s("cloud") == began_s


async def test_a_device_that_is_away_too_is_tried_until_it_takes_them() -> None:
    rig = Rig(["cloud"])
    rig.ends = [UNREACHABLE, UNREACHABLE, DONE]
    async with running(rig.make(safe())):
        await until(lambda: len(rig.told) == 2)
        assert len(rig.sent) == 3
        assert [status for _, _, status in rig.told] == ["unreachable", "done"], "told when it differs"
        await rig.turn()
        assert len(rig.sent) == 3


async def test_once_the_uplink_is_back_a_device_that_refuses_is_left_alone() -> None:
    rig = Rig(["cloud"])
    rig.ends = [UNREACHABLE]
    async with running(rig.make(safe())):
        await until(lambda: len(rig.sent) == 2)
        rig.presence.tell("cloud", connected=True)
        await rig.turn()
        sent = len(rig.sent)
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, passed.set)
        await passed.wait()
        assert len(rig.sent) == sent


async def test_without_a_name_all_endpoints_must_be_away() -> None:
    rig = Rig(["cloud", "hub"])
    rig.presence.tell("hub", connected=True)
    assert rig.presence.away_since_s(None) is None
    async with running(rig.make(safe())):
        await rig.turn()
        assert rig.sent == []
        rig.presence.tell("hub", connected=False)
        await until(lambda: rig.told)


async def test_the_time_without_any_endpoint_begins_when_the_last_one_goes() -> None:
    rig = Rig(["cloud", "hub"])
    rig.presence.tell("hub", connected=True)
    rig.presence.tell("hub", connected=False)
    assert rig.presence.away_since_s(None) == rig.presence.away_since_s("hub")


async def test_a_named_endpoint_counts_alone() -> None:
    rig = Rig(["cloud", "hub"])
    rig.presence.tell("hub", connected=True)
    async with running(rig.make(safe(endpoint="cloud")), rig.make(safe(endpoint="hub"), "pump")):
        await until(lambda: rig.told)
        await rig.turn()
        assert [device for device, _ in rig.sent] == ["boiler"]


async def test_where_no_endpoint_is_at_work_none_is_lost() -> None:
    rig = Rig([])
    async with running(rig.make(safe()), rig.make(safe(endpoint="cloud"), "pump")):
        await rig.turn()
        assert rig.presence.away_since_s("cloud") is None
        assert rig.sent == []


async def test_no_two_devices_share_an_id() -> None:
    rig = Rig(["cloud"])
    async with running(rig.make(safe()), rig.make(safe(), "pump")):
        await until(lambda: len(rig.told) == 2)
        assert len({body["id"] for _, body in rig.sent}) == 2


async def test_what_is_under_way_at_a_stop_is_reported_when_it_has_ended() -> None:
    rig = Rig(["cloud"])
    rig.may_end.clear()
    async with running(rig.make(safe())):
        await until(lambda: rig.sent)
    rig.may_end.set()
    await until(lambda: rig.told)
    assert [status for _, _, status in rig.told] == ["done"]


async def test_a_reload_in_the_outage_writes_nothing_again_and_begins_no_new_wait() -> None:
    before = Rig(["cloud"])
    written: dict[str, FailSafeInfo] = {}
    async with running(before.make(safe(), written=written)):
        await until(lambda: before.told)
    after = Rig(["cloud"])
    after.presence = Presence(["cloud"], before.presence.away)
    assert after.presence.away_since_s("cloud") == before.presence.away_since_s("cloud")
    async with running(after.make(safe(), written=written), after.make(safe(), "witness", written=written)):
        await until(lambda: after.told)
        await after.turn()
        assert [device for device, _ in after.sent] == ["witness"]
        after.presence.tell("cloud", connected=True)
        await after.turn()
        assert written == {}, "the next outage is another one"


async def test_values_that_a_reload_has_changed_are_written() -> None:
    before = Rig(["cloud"])
    written: dict[str, FailSafeInfo] = {}
    async with running(before.make(safe(), written=written)):
        await until(lambda: before.told)
    after = Rig(["cloud"])
    async with running(after.make(FailSafeInfo(0.01, {"setpoint": 41}), written=written)):
        await until(lambda: after.told)
        assert [body["write"] for _, body in after.sent] == [{"setpoint": 41}]
