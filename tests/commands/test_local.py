"""Commands from the box itself, with a daemon and without one."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import plugins
from gateway.adapter import to_nobody
from gateway.clock import WallClock
from gateway.commands.admission import Plant
from gateway.commands.guard import Guard
from gateway.config import load
from gateway.config.models import CommandsSection
from gateway.direct import alone, direct, to_scan
from gateway.latest import Latest
from gateway.local import Local
from gateway.model import DeviceInfo, Guards, Result, ResultStatus
from gateway.units import TimesIn
from tests.commands.setup import BOILER, WRITE, Link
from tests.outbox.setup import query, until
from tests.support.modbus import ModbusServer
from tests.support.site import device, endpoint, link, site

DONE = Result(ResultStatus.DONE, {"setpoint": 55.0})
POINTS: dict[str, Any] = {
    "temp": {"address": 0, "type": "uint16"},
    "setpoint": {"address": 10, "type": "uint16", "writable": {"min": 20, "max": 80, "max_rate": "2/min"}},
}


class Box:
    """Local commands at work, before a link that only collects."""

    def __init__(self, local: Local, link: Link) -> None:
        self.local = local
        self.link = link
        self._tasks = [asyncio.create_task(local.router.run()), asyncio.create_task(local.audit.run())]

    def ask(self, body: Any, device: str = "boiler", **more: Any) -> asyncio.Task[Result]:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return asyncio.create_task(self.local.command(payload, device, "ann", **more))

    async def end(self, body: Any, device: str = "boiler", **more: Any) -> Result:
        """Of what does not reach the link."""
        async with asyncio.timeout(10):
            return await self.ask(body, device, **more)

    async def finish(self, result: Result = DONE) -> None:
        await until(lambda: self.link.jobs)
        self.link.jobs.pop(0).finished(result)

    async def stop(self) -> None:
        router, audit = self._tasks
        router.cancel()
        await asyncio.wait([router])
        await self.local.router.settle()
        audit.cancel()
        await asyncio.wait([audit])
        await self.local.audit.settle()
        await self.local.close()


@asynccontextmanager
async def at_work(
    state: Path, settings: CommandsSection | None = None, boiler: DeviceInfo = BOILER
) -> AsyncIterator[Box]:
    link, settings = Link(), settings or CommandsSection()
    local = Local(state, settings, WallClock("trusted"))
    await local.open()
    guard = Guard(lambda: 0.0, lambda: 0, lambda: "token")
    local.equip(Plant({"boiler": boiler}, {"plc": link}, guard, Latest(), lambda: True), {"ping": _ping})
    box = Box(local, link)
    try:
        yield box
    finally:
        await box.stop()


async def _ping(_args: Any) -> Result:
    return DONE


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with at_work(tmp_path) as box:
        yield box


async def test_who_asks_is_told_the_result(box: Box) -> None:
    asked = box.ask(WRITE)
    await box.finish()
    assert await asked == DONE


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\xff", b"[" * 60_000, b"x" * 100_000, {"id": "c", "read": ["x"]}])
@pytest.mark.parametrize("device", ["boiler", "kettle", "", "no such/thing"])
async def test_whatever_is_asked_is_answered(box: Box, body: Any, device: str) -> None:
    assert (await box.end(body, device)).status == "rejected"


async def test_the_same_id_again_is_told_the_same_and_not_done_again(box: Box) -> None:
    asked = box.ask(WRITE)
    await box.finish()
    await asked
    assert await box.end(WRITE) == DONE
    assert box.link.jobs == []


async def test_many_who_ask_the_same_at_once_are_all_answered(box: Box) -> None:
    asked = [box.ask(WRITE) for _ in range(30)]
    await until(lambda: sum(task.done() for task in asked) + 11 == len(asked))
    await box.finish()
    async with asyncio.timeout(10):
        ends = await asyncio.gather(*asked)
    assert {(end.status.value, end.reason) for end in ends} == {("done", None), ("rejected", "queue-full")}


async def test_who_goes_does_not_end_what_was_begun(box: Box) -> None:
    asked = box.ask(WRITE)
    await until(lambda: box.link.jobs)
    asked.cancel()
    await asyncio.wait([asked])
    await box.finish()
    assert await box.end(WRITE) == DONE


async def test_a_stop_answers_who_waits_and_who_comes_later(tmp_path: Path) -> None:
    async with at_work(tmp_path) as box:
        box._tasks[0].cancel()
        await asyncio.wait([box._tasks[0]])
        waits = box.ask(WRITE)
        await asyncio.sleep(0)
        await box.local.router.settle()
        assert (await waits).reason == "stopping"
        assert (await box.end({"id": "late", "read": ["temp"]})).reason == "stopping"


async def test_what_was_under_way_when_the_process_ended_is_unknown_to_who_asks_again(tmp_path: Path) -> None:
    async with at_work(tmp_path) as box:
        asked = box.ask(WRITE)
        await until(lambda: box.link.jobs)
        asked.cancel()
        await asyncio.wait([asked])
    async with at_work(tmp_path) as box:
        assert (await box.end(WRITE)).status == "unknown"
        assert box.link.jobs == []


async def test_where_nobody_may_write_the_box_may_not_either(tmp_path: Path) -> None:
    async with at_work(tmp_path, CommandsSection.model_validate(False)) as box:
        result = await box.end(WRITE)
        assert (result.reason, result.rule) == ("policy", "commands")
        assert (await box.end({"id": "p", "invoke": "ping"}, "")).status == "done"
        assert (await box.end({**WRITE, "id": "f"}, fail_safe=True)).rule == "commands"


async def test_its_end_and_its_record_lie_in_one_file(tmp_path: Path) -> None:
    async with at_work(tmp_path) as box:
        asked = box.ask(WRITE)
        await box.finish()
        await asked
        path = tmp_path / "local.db"
        assert query(path, "SELECT id, result IS NOT NULL FROM journal") == [("c-1", 1)]
        assert query(path, "SELECT count(*) FROM audit") == [(1,)]


async def test_a_journal_that_was_lost_keeps_no_fail_safe_value_back(tmp_path: Path) -> None:
    async with at_work(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "local.db", isolation_level=None)) as db:
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('journal_lost', 1)")
    async with at_work(tmp_path) as box:
        assert (await box.end(WRITE)).reason == "journal-lost"
        asked = box.ask({**WRITE, "id": "uplink-lost-1"}, fail_safe=True)
        await box.finish()
        assert await asked == DONE


async def test_a_fail_safe_value_waits_for_no_hour_rate_or_token(tmp_path: Path) -> None:
    guards = Guards(TimesIn(1, 3600.0), confirm=True, hours=((1, 2),))
    setpoint = msgspec.structs.replace(BOILER.points["setpoint"], guards=guards)
    async with at_work(tmp_path, boiler=msgspec.structs.replace(BOILER, points={"setpoint": setpoint})) as box:
        assert (await box.end({**WRITE, "id": "by hand"})).status == "rejected"
        for number in range(3):
            asked = box.ask({**WRITE, "id": str(number)}, fail_safe=True)
            await box.finish()
            assert await asked == DONE
        outside = {"id": "too hot", "write": {"setpoint": 99}}
        assert (await box.end(outside, fail_safe=True)).reason == "out-of-range"


# Without a daemon.

MakeSite = Callable[..., Any]


@pytest.fixture
def configured(tmp_path: Path, modbus_server: ModbusServer) -> MakeSite:
    def make(**boiler: Any) -> Any:
        text = site(
            endpoint("mqtt://127.0.0.1:1"),
            {"plc": link(modbus_server.port)},
            {"boiler": device(POINTS, **boiler)},
        )
        path = tmp_path / "gateway.yaml"
        path.write_text(text)
        return load(path, plugins.catalog(), {})

    return make


async def test_without_a_daemon_a_device_is_written_under_the_same_rules(
    tmp_path: Path, modbus_server: ModbusServer, configured: MakeSite
) -> None:
    async with direct(alone(configured(), "boiler"), tmp_path) as house:

        async def write(name: str, value: float) -> Result:
            body = json.dumps({"id": name, "write": {"setpoint": value}}).encode()
            return await house.command(body, "boiler", "ann")

        assert (await write("1", 90)).rule == "devices.boiler.points.setpoint.writable"
        assert (await write("2", 50)).status == "done"
        assert (await write("3", 51)).status == "done"
        assert (await write("4", 52)).rule == "devices.boiler.points.setpoint.writable.max_rate"
        assert modbus_server.get("holding", 10) == [51]
        records = await house.audit({"limit": 10})
        assert [(each["user"], each["status"]) for each in records][-2:] == [("ann", "done"), ("ann", "rejected")]


async def test_who_is_at_the_box_may_look_for_devices_where_nothing_may_be_written(
    tmp_path: Path, configured: MakeSite
) -> None:
    site = replace(configured(), commands=CommandsSection(allowed=False))
    async with direct(to_scan(site), tmp_path) as house:
        body = json.dumps({"id": "1", "invoke": "scan", "args": {"link": "plc", "options": {"units": "1"}}}).encode()
        result = await house.scan("plc", "1", body, "ann", to_nobody)
    assert (result.status, [each["unit_id"] for each in result.found]) == ("done", [1])


@pytest.mark.parametrize("named", [{}, {"endpoint": "cloud"}])
async def test_without_a_daemon_no_uplink_is_lost(
    tmp_path: Path, modbus_server: ModbusServer, configured: MakeSite, named: dict[str, str]
) -> None:
    lost = {"after": "1ms", "write": {"setpoint": 40}, **named}
    async with direct(alone(configured(on_uplink_lost=lost), "boiler"), tmp_path) as house:
        for number in range(5):
            body = json.dumps({"id": str(number), "read": ["temp"]}).encode()
            assert (await house.command(body, "boiler", "ann")).status == "done"
    assert modbus_server.writes() == []
