"""Until when a command may be carried out, and where reads go on though nothing may be written."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Result, ResultStatus
from tests.commands.setup import WRITE, CommandRig, routing
from tests.outbox.setup import until

DONE = Result(ResultStatus.DONE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
async def commands(path: Path) -> AsyncIterator[CommandRig]:
    async with routing(path) as commands:
        yield commands


def at(commands: CommandRig, seconds: float) -> str:
    return datetime.fromtimestamp(commands.rig.wall_s + seconds, UTC).isoformat()


async def hold_up(commands: CommandRig, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """A claim that takes until the event: what comes meanwhile waits to be looked at."""
    journal, go_on, begun = commands.journal_at_work, asyncio.Event(), asyncio.Event()
    claim = journal.claim

    async def slow(*claimed: Any) -> None:
        begun.set()
        await go_on.wait()
        await claim(*claimed)

    monkeypatch.setattr(journal, "claim", slow)
    commands.offer({"id": "first", "read": ["temp"]})
    await begun.wait()
    return go_on


async def test_the_time_that_a_command_waits_to_be_looked_at_counts(
    commands: CommandRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = await hold_up(commands, monkeypatch)
    commands.offer(WRITE, expires_in_s=0.02)
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.03, passed.set)
    await passed.wait()
    go_on.set()
    await until(lambda: commands.results)
    assert commands.last == ("c-1", "expired", None)
    assert [job.command.id for job in commands.link.jobs] == ["first"]


async def test_the_deadline_runs_from_the_arrival(commands: CommandRig, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    go_on = await hold_up(commands, monkeypatch)
    commands.offer(WRITE)
    commands.offer({**WRITE, "id": "c-2"}, expires_in_s=10)
    came_s = loop.time()
    passed = asyncio.Event()
    loop.call_later(0.05, passed.set)
    await passed.wait()
    go_on.set()
    await until(lambda: len(commands.link.jobs) == 3)
    _, first, second = (job.command.deadline_s for job in commands.link.jobs)
    assert first <= came_s + 60
    assert second <= came_s + 10


async def test_a_clock_that_is_not_set_judges_no_point_in_time(commands: CommandRig) -> None:
    now_s = asyncio.get_running_loop().time()
    commands.is_synced = False
    await commands.deliver({**WRITE, "expires": at(commands, -1000)})
    await commands.deliver({**WRITE, "id": "c-2", "expires": at(commands, 1e6)}, expires_in_s=5)
    default, relative = (job.command.deadline_s - now_s for job in commands.link.jobs)
    assert default == pytest.approx(60, abs=2)
    assert relative == pytest.approx(5, abs=2)


async def test_where_the_broker_keeps_commands_a_clock_that_is_not_set_leaves_only_relative_expiry(path: Path) -> None:
    async with routing(path, needs_expiry=True) as commands:
        commands.is_synced = False
        await commands.deliver({**WRITE, "expires": at(commands, 5)})
        assert commands.last == ("c-1", "rejected", "no-expiry")
        assert "clock is not set" in commands.results[-1]["detail"]
        await commands.deliver(WRITE, expires_in_s=5)
        assert len(commands.link.jobs) == 1


async def test_what_came_too_late_counts_for_no_rate_and_needs_no_claim(commands: CommandRig) -> None:
    await commands.deliver(WRITE, expires_in_s=0)
    assert commands.last == ("c-1", "expired", None)
    assert commands.journal() == []
    assert [record["status"] for record in await records(commands, 1)] == ["expired"]


async def records(commands: CommandRig, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found = await commands.records()
    return found


async def test_where_nobody_may_write_reads_and_pings_go_on(path: Path) -> None:
    async with routing(path, reads_only="commands") as commands:
        await commands.deliver(WRITE)
        assert commands.last == ("c-1", "rejected", "policy")
        assert commands.results[-1]["rule"] == "commands"
        await commands.deliver({"id": "r", "read": ["temp"]})
        assert len(commands.link.jobs) == 1
        await commands.deliver({"id": "p", "invoke": "ping"}, "")
        await until(lambda: commands.last == ("p", "done", None))


async def test_where_commands_are_off_the_refusal_names_the_rule(path: Path) -> None:
    async with routing(path, off="endpoints.cloud.commands") as commands:
        await commands.deliver(WRITE)
        assert commands.results[-1]["rule"] == "endpoints.cloud.commands"


@pytest.mark.parametrize("device", ["../boiler", "boiler/#", "+", "b\0", "x" * 65, "b\n", "boiler "])
async def test_a_body_can_not_make_a_topic_of_a_devices_name(commands: CommandRig, device: str) -> None:
    await commands.deliver({**WRITE, "device": device}, "")
    assert commands.results == []
    assert commands.link.jobs == []
    assert commands.router.counters["unreadable"] == 1


async def test_a_body_may_name_the_device_where_the_topic_does_not(commands: CommandRig) -> None:
    await commands.deliver({**WRITE, "device": "boiler"}, "")
    assert commands.link.jobs[0].command.device == "boiler"


async def test_everyone_who_repeats_what_is_under_way_is_answered(commands: CommandRig) -> None:
    for number in range(20):
        await commands.deliver(WRITE, reply_to=f"fieldgate/{number}")
    (job,) = commands.link.jobs
    job.finished(DONE)
    await until(lambda: len(commands.replies) == 20)
    assert {to for to, _, _ in commands.replies} == {f"fieldgate/{number}" for number in range(20)}
    assert {(body["status"], body.get("reason")) for _, _, body in commands.replies} == {
        ("done", None),
        ("rejected", "queue-full"),
    }


async def test_what_expires_while_it_is_claimed_is_not_done_by_the_gateway_either(
    commands: CommandRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = commands.journal_at_work.claim

    async def slow(*claimed: Any) -> None:
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, passed.set)
        await passed.wait()
        await claim(*claimed)

    monkeypatch.setattr(commands.journal_at_work, "claim", slow)
    await commands.deliver({"id": "c-1", "invoke": "ping"}, "", expires_in_s=0.03)
    await until(lambda: commands.results)
    assert (commands.last, commands.pings) == (("c-1", "expired", None), 0)


async def test_what_comes_after_the_last_was_routed_is_answered(commands: CommandRig) -> None:
    await commands.stop()
    number = commands.offer(WRITE)
    assert commands.last == ("c-1", "rejected", "stopping")
    assert commands.accepted == [number]
    assert commands.journal() == []


async def test_nobody_but_who_is_at_the_box_reads_what_is_no_point(commands: CommandRig) -> None:
    commands.offer({"id": "c-1", "peek": "holding:1"})
    await until(lambda: commands.results)
    assert commands.last == ("c-1", "rejected", "not-supported")
    assert commands.link.jobs == []
