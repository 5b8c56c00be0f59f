"""The record of every command: on disk when its result goes, bounded, and whole after any trouble."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.commands import audit as audit_module
from gateway.commands.audit import REFUSALS_PER_MINUTE, SHOWN_CHARS, WAITING, Audit, Record
from gateway.model import PointGroup, Result, ResultStatus, Sample
from gateway.outbox.disk import turns
from gateway.outbox.disk.store import Store
from tests.commands.setup import DAY_S, WRITE, CommandRig, routing
from tests.outbox.setup import query, until
from tests.support.patience import HANG_S

DONE = Result(ResultStatus.DONE, {"setpoint": 55.0})


class Log:
    """An audit on a real file, and what it says."""

    def __init__(self, path: Path, store: Store, max_bytes: int) -> None:
        self.path = path
        self.wall_s = 1_763_888_462.0
        self.is_synced = True
        self.store = store
        self.audit = Audit(store, 10 * DAY_S, max_bytes, lambda: int(self.wall_s * 1000), lambda: self.is_synced)
        self.start()

    def start(self) -> None:
        self._task = asyncio.create_task(self.audit.run())

    async def stop(self) -> None:
        assert not self._task.done(), "it must go on whatever happens"
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.audit.settle()

    async def told(self, **asked: Any) -> list[dict[str, Any]]:
        found = await self.audit.records(**{"device": None, "since_ms": 0, "before": 1 << 62, "limit": 10_000, **asked})
        return found[::-1]

    def on_disk(self) -> int:
        return int(query(self.path, "SELECT count(*) FROM audit")[0][0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "local.db"


@asynccontextmanager
async def logging(path: Path, max_bytes: int = 16 * 1024**2) -> AsyncIterator[Log]:
    store = Store(path)
    await store.open(1_763_888_462.0)
    log = Log(path, store, max_bytes)
    try:
        yield log
    finally:
        await log.stop()
        await store.close(clean=True)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The disk refuses: somebody else has the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def lose_patience(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.store.rows("PRAGMA busy_timeout=1")
    monkeypatch.setattr(audit_module, "RETRY_S", 0.01)


def record(number: int = 0, device: str = "boiler", **more: Any) -> Record:
    return Record("2026-11-23T09:01:02.345Z", "cloud", "write", device, "done", f"c-{number}", **more)


def refusal(number: int = 0, origin: str = "cloud", **more: Any) -> Record:
    return Record("2026-11-23T09:01:02.345Z", origin, "write", "boiler", "rejected", f"c-{number}", **more)


async def test_a_record_is_on_disk_when_it_is_written(path: Path) -> None:
    async with logging(path) as log:
        await log.audit.write(record())
        assert log.on_disk() == 1


async def test_many_at_once_are_all_there_in_their_order(path: Path) -> None:
    async with logging(path) as log:
        await asyncio.gather(*(log.audit.write(record(number)) for number in range(200)))
        assert [each["command"] for each in await log.told()] == [f"c-{number}" for number in range(200)]


async def test_what_is_asked_for_is_what_is_shown(path: Path) -> None:
    async with logging(path) as log:
        for number in range(6):
            await log.audit.write(record(number, device="boiler" if number % 2 else "pump"))
            log.wall_s += 10
        newest = await log.told(limit=2)
        assert [each["command"] for each in newest] == ["c-4", "c-5"]
        assert [each["command"] for each in await log.told(before=newest[0]["number"], limit=1)] == ["c-3"]
        assert [each["command"] for each in await log.told(device="pump")] == ["c-0", "c-2", "c-4"]
        since_ms = int((log.wall_s - 20) * 1000)
        assert [each["command"] for each in await log.told(since_ms=since_ms)] == ["c-4", "c-5"]


async def test_a_disk_that_refuses_keeps_no_command_waiting_and_loses_no_record(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with logging(path) as log:
        await lose_patience(log, monkeypatch)
        with held(path):
            for number in range(5):
                async with asyncio.timeout(5):
                    await log.audit.write(record(number))
            assert log.on_disk() == 0
        await until(lambda: log.on_disk() == 5)
        assert [each["command"] for each in await log.told()] == [f"c-{number}" for number in range(5)]
        assert log.audit.lost == 0


async def test_more_than_can_wait_for_a_disk_is_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with logging(path) as log:
        await lose_patience(log, monkeypatch)
        with held(path):
            for number in range(WAITING + 7):
                await log.audit.write(record(number))
        await until(lambda: log.on_disk() == WAITING)
        assert log.audit.lost == 7
        assert (await log.told())[0]["command"] == "c-7"


async def test_a_disk_that_hangs_is_waited_for_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with logging(path) as log:
        await log.store.rows("PRAGMA busy_timeout=60000")
        monkeypatch.setattr(turns, "HANG_S", 0.05)
        monkeypatch.setattr(audit_module, "RETRY_S", 0.02)
        with held(path):
            for number in range(3):
                async with asyncio.timeout(5):
                    await log.audit.write(record(number))
        monkeypatch.setattr(turns, "HANG_S", HANG_S)  # else a busy machine is a disk that hangs
        await log.audit.write(record(3))
        await until(lambda: "c-3" in str(query(path, "SELECT record FROM audit")))
        assert [each["command"] for each in await log.told()] == ["c-0", "c-1", "c-2", "c-3"], "each once"


async def test_what_waits_at_the_stop_is_stored(path: Path) -> None:
    async with logging(path) as log:
        for number in range(5):
            log.audit.refused(refusal(number))
    assert query(path, "SELECT count(*) FROM audit") == [(5,)]


async def test_a_damaged_file_gives_place_and_the_log_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "RETRY_S", 0.01)
    async with logging(path) as log:
        await log.audit.write(record(1))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(0)
            file.write(b"\xff" * 65_536)
        for number in range(2, 5):
            async with asyncio.timeout(5):
                await log.audit.write(record(number))
        await until(lambda: not log.audit._waiting)
        assert [each["command"] for each in await log.told()] == ["c-2", "c-3", "c-4"]


async def test_the_log_holds_its_age(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "PRUNE_EVERY", 1)
    async with logging(path) as log:
        await log.audit.write(record(1))
        log.wall_s += 10 * DAY_S + 1
        await log.audit.write(record(2))
        await until(lambda: log.on_disk() == 1)
        assert [each["command"] for each in await log.told()] == ["c-2"]


async def test_a_clock_that_is_not_set_makes_no_record_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "PRUNE_EVERY", 1)
    async with logging(path) as log:
        log.is_synced = False
        await log.audit.write(record(1))
        log.wall_s += 1000 * DAY_S
        await log.audit.write(record(2))
        log.is_synced = True
        await log.audit.write(record(3))
        told = await log.told()
        assert [(each["command"], each.get("clock")) for each in told] == [
            ("c-1", "unsynced"),
            ("c-2", "unsynced"),
            ("c-3", None),
        ]
        assert len(await log.told(since_ms=int(log.wall_s * 1000))) == 3, "nobody knows how old they are"


async def test_the_log_holds_its_size_whatever_is_asked_for(path: Path) -> None:
    limit = 256 * 1024
    async with logging(path, max_bytes=limit) as log:
        for number in range(300):
            await log.audit.write(record(number, asked={"text": "x" * 10_000}))
            size = query(path, "SELECT coalesce(sum(length(record)), 0) FROM audit")[0][0]
            assert size < 1.2 * limit
        assert (await log.told())[-1]["command"] == "c-299", "the oldest go"


async def test_of_too_many_refusals_the_rest_are_summed_up_when_the_minute_is_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "MINUTE_S", 0.02)
    async with logging(path) as log:
        for number in range(10_000):
            log.audit.refused(refusal(number))
        await until(lambda: log.on_disk() == REFUSALS_PER_MINUTE + 1)
        told = await log.told()
        assert sum(1 + each.get("repeated", 0) for each in told) == 10_000
        assert told[-1]["command"] == "c-9999"


async def test_a_flood_just_before_the_stop_is_summed_up_too(path: Path) -> None:
    async with logging(path) as log:
        for number in range(100):
            log.audit.refused(refusal(number))
            log.audit.refused(refusal(number, "hub"))
        await log.stop()
        told = await log.told()
        log.start()
    assert sum(1 + each.get("repeated", 0) for each in told if each["origin"] == "cloud") == 100
    assert sum(1 + each.get("repeated", 0) for each in told if each["origin"] == "hub") == 100


async def test_as_many_as_are_told_need_no_sum(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "MINUTE_S", 0.02)
    async with logging(path) as log:
        for number in range(REFUSALS_PER_MINUTE):
            log.audit.refused(refusal(number))
        await until(lambda: not log.audit._minutes)
        await log.audit.write(record())
        assert log.on_disk() == REFUSALS_PER_MINUTE + 1


async def test_what_a_stranger_wrote_into_a_refused_command_is_shown_in_part(path: Path) -> None:
    async with logging(path) as log:
        log.audit.refused(refusal(asked={"text": "é" * 30_000}, detail="y" * 30_000, old={"a": 1}))
        await until(log.on_disk)
        (told,) = await log.told()
        assert len(told["asked"].encode()) <= SHOWN_CHARS
        assert told["asked"].startswith('{"text":"é')
        assert len(told["detail"]) == SHOWN_CHARS


async def test_what_is_no_json_does_not_end_the_log(path: Path) -> None:
    async with logging(path) as log:
        values: Any = {"a": object(), "b": float("nan"), "c": {1: 2}, "d": 10**30, "e": b"\xff"}
        await log.audit.write(record(1, values=values))
        await log.audit.write(record(2))
        assert [each["command"] for each in await log.told()] == ["c-1", "c-2"]


# What a router tells it.


@pytest.fixture
async def commands(tmp_path: Path) -> AsyncIterator[CommandRig]:
    async with routing(tmp_path / "outbox.db") as commands:
        yield commands


async def test_a_write_is_told_with_what_was_there_what_went_and_what_came(commands: CommandRig) -> None:
    group = PointGroup("boiler", 1.0, ("setpoint", "temp"), ("float", "float"))
    commands.latest.put(Sample(group, 0, (44.0, 21.0)))
    await commands.deliver(WRITE, user="ann")
    commands.link.jobs[0].wire.append(b"\x01\x06\x00\x0a")
    await commands.finish(DONE)
    (told,) = await commands.records()
    assert told.pop("latency_ms") >= 0
    assert told == {
        "number": 1,
        "time": told["time"],
        "origin": "endpoint",
        "endpoint": "cloud",
        "kind": "write",
        "device": "boiler",
        "status": "done",
        "command": "c-1",
        "user": "ann",
        "asked": {"setpoint": 55.0},
        "old": {"setpoint": 44.0},
        "wire": ["0106000a"],
        "values": {"setpoint": 55.0},
    }


async def test_reads_pings_refusals_and_rubbish_are_told_too(commands: CommandRig) -> None:
    await commands.deliver({"id": "r", "read": ["temp"]})
    await commands.finish(DONE)
    await commands.deliver({"id": "p", "invoke": "ping", "args": {}}, "")
    await until(lambda: len(commands.results) == 2)
    await commands.deliver({"id": "x", "write": {"temp": 1}})
    await commands.deliver({"id": "late", "write": {"setpoint": 50}}, expires_in_s=0)
    await commands.deliver(b"rubbish")
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(found) < 5:
            found = await commands.records()
    assert [(each["kind"], each["status"], each.get("reason")) for each in found] == [
        ("read", "done", None),
        ("invoke", "done", None),
        ("write", "rejected", "not-writable"),
        ("write", "expired", None),
        ("unknown", "rejected", "malformed"),
    ]
    assert found[1]["asked"] == {"command": "ping"}
    assert found[2]["rule"] == "devices.boiler.points.temp.writable"


async def test_of_a_named_command_all_is_told_that_it_was_carried_out_with(commands: CommandRig) -> None:
    await commands.deliver({"id": "f-1", "invoke": "fill", "args": {"kg": 5}})
    assert dict(commands.link.jobs[0].command.args) == {"kg": 5.0, "lot": "none"}
    await commands.finish(DONE)
    await commands.deliver({"id": "f-2", "invoke": "fill", "args": {"kg": 10}})

    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(found) < 2:
            found = await commands.records()
    done, refused = found
    assert done["asked"] == {"command": "fill", "args": {"kg": 5.0, "lot": "none"}}
    assert refused["asked"] == {"command": "fill", "args": {"kg": 10}}, "as it came"
    assert (refused["reason"], refused["rule"]) == ("out-of-range", "devices.boiler.commands.fill.args.kg")
    assert commands.journal() == [("f-1", True)], "what was never carried out may be sent again"


async def test_a_command_that_was_under_way_at_the_end_keeps_its_sender(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with routing(path) as commands:
        await commands.deliver(WRITE, user="ann")
    async with routing(path) as commands:
        await until(lambda: commands.results)
        (told,) = await commands.records()
        assert (told["status"], told["user"], told["asked"]) == ("unknown", "ann", {"setpoint": 55.0})


async def test_its_record_is_on_disk_before_a_result_can_be_seen(
    commands: CommandRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    finish = commands.journal_at_work.finish

    async def finished(*end: Any) -> None:
        seen.append(len(await commands.records()))
        await finish(*end)

    monkeypatch.setattr(commands.journal_at_work, "finish", finished)
    await commands.deliver(WRITE)
    await commands.finish(DONE)
    assert seen == [1]
