"""After the journal was lost nothing is moved for a while."""

import json
from pathlib import Path

import pytest

from gateway.commands.hold import MIN_HOLD_S
from gateway.commands.voice import LocalDelivery
from tests.commands.setup import WRITE, routing
from tests.outbox.setup import query, until
from tests.outbox.wrecks import build, overwrite, some


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An outbox whose journal went with it."""
    path = tmp_path / "outbox-cloud.db"
    build(path, some(10), log=False)
    overwrite(path, 0, bytes(100))
    return path


def is_held(path: Path) -> bool:
    return query(path, "SELECT value FROM meta WHERE key = 'journal_lost'") == [(1,)]


async def test_a_write_is_refused_and_says_for_how_long_while_reads_and_pings_are_not(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        assert commands.last == ("c-1", "rejected", "journal-lost")
        assert "600 s" in commands.results[-1]["detail"]
        assert commands.link.jobs == []
        await commands.deliver({"id": "c-2", "read": ["temp"]})
        assert [job.command.id for job in commands.link.jobs] == ["c-2"]
        assert is_held(path)


async def test_each_start_holds_anew_until_one_has_waited_the_whole_time(path: Path) -> None:
    for _ in range(2):
        async with routing(path) as commands:
            await commands.deliver(WRITE)
            assert commands.last == ("c-1", "rejected", "journal-lost")
    async with routing(path) as commands:
        file = commands.rig.outbox.store.file
        assert file.journal_lost_s is not None
        file.journal_lost_s -= MIN_HOLD_S
        await commands.deliver(WRITE)
        assert [job.command.id for job in commands.link.jobs] == ["c-1"]


async def test_that_it_has_passed_is_noted_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.commands.hold.MIN_HOLD_S", 0.0)
    async with routing(path, ttl_s=0.05) as commands:
        await until(lambda: commands.rig.outbox.store.file.journal_lost_s is None)
        assert not is_held(path)


async def test_a_file_that_is_whole_holds_nothing_back(tmp_path: Path) -> None:
    async with routing(tmp_path / "outbox-cloud.db") as commands:
        await commands.deliver(WRITE)
        assert len(commands.link.jobs) == 1


async def test_fail_safe_values_are_not_held_back_since_nobody_has_sent_them_before(path: Path) -> None:
    async with routing(path) as commands:
        body = json.dumps({"id": "uplink-lost-1", "write": {"setpoint": 40}}).encode()
        commands.router.offer(LocalDelivery("boiler", body, lambda: None, user="uplink-lost", fail_safe=True))
        await until(lambda: commands.link.jobs or commands.results)
        assert [job.command.id for job in commands.link.jobs] == ["uplink-lost-1"]
