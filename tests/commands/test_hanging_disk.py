"""A disk that does not answer: no command is executed, each is answered, and the journal is right in the end."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.commands import answers
from gateway.model import Result, ResultStatus
from gateway.outbox.disk import turns
from tests.commands.setup import WRITE, CommandRig, routing
from tests.outbox.setup import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Somebody else has the file: SQLite waits, as it does on a disk that does not answer."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


async def lose_patience(commands: CommandRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite waits long for the file, its callers do not."""
    await commands.rig.outbox.store.rows("PRAGMA busy_timeout=60000")
    monkeypatch.setattr(turns, "HANG_S", 0.05)
    monkeypatch.setattr(answers, "RETRY_S", 0.02)


async def test_a_claim_that_hangs_is_refused_and_ended_when_the_disk_answers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with routing(path) as commands:
        await lose_patience(commands, monkeypatch)
        with held(path):
            await commands.deliver(WRITE)
            assert commands.last == ("c-1", "rejected", "storage")
        assert commands.link.jobs == []
        await until(lambda: commands.journal() == [("c-1", True)])
        await commands.deliver(WRITE)
        assert [r["status"] for r in commands.results] == ["rejected", "rejected"], "never executed, not even later"


async def test_while_the_disk_hangs_the_next_is_refused_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with routing(path) as commands:
        await lose_patience(commands, monkeypatch)
        with held(path):
            await commands.deliver(WRITE)
            await until(lambda: commands.rig.outbox.is_refused)
            await commands.deliver({**WRITE, "id": "c-2"})
            assert commands.last == ("c-2", "rejected", "storage")
            assert "does not answer" in (commands.rig.outbox.depth()["fault"] or "")


async def test_a_result_does_not_wait_for_the_disk_and_is_not_doubled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await lose_patience(commands, monkeypatch)
        with held(path):
            await commands.finish(Result(ResultStatus.DONE))
            assert commands.last == ("c-1", "done", None)
        await until(lambda: commands.journal() == [("c-1", True)])
        rig = commands.rig
        await rig.outbox.flush()
        (waiting,) = await rig.waiting(readings=False)
        assert rig.ids() == [waiting]
        rig.assert_counted()
        rig.outbox.acknowledged(next(entry for entry in rig.ready if entry.kind == "result"))
        await rig.commit(1.0)
        assert rig.ids() == []
        rig.assert_counted()


async def test_a_result_that_is_acknowledged_while_the_disk_hangs_does_not_come_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await lose_patience(commands, monkeypatch)
        rig = commands.rig
        with held(path):
            await commands.finish(Result(ResultStatus.DONE))
            rig.outbox.acknowledged(next(entry for entry in rig.ready if entry.kind == "result"))
        await until(lambda: commands.journal() == [("c-1", True)])
        await rig.commit(1.0)
        assert rig.ids() == []
        rig.assert_counted()


async def test_a_claim_that_is_under_way_at_a_stop_is_refused_and_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with routing(path) as commands:
        journal, claims = commands.journal_at_work, asyncio.Event()
        claim = journal.claim

        async def noticed(*claimed: Any) -> None:
            claims.set()
            await claim(*claimed)

        monkeypatch.setattr(journal, "claim", noticed)
        commands.offer(WRITE)
        await claims.wait()
        await commands.stop()
        assert commands.link.jobs == []
        assert commands.last == ("c-1", "rejected", "stopping")
        assert commands.journal() == [("c-1", True)]
        assert commands.accepted == [], "who keeps it may deliver it again, and gets the same answer"


async def test_what_is_delivered_again_at_a_stop_is_told_what_came_of_it(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.finish(Result(ResultStatus.DONE))
        commands.offer(WRITE)
        await commands.stop()
        assert [result["status"] for result in commands.results] == ["done", "done"]
        assert commands.accepted == [0, 1]


async def test_what_is_under_way_is_not_called_refused_when_it_comes_again_retained(path: Path) -> None:
    async with routing(path) as commands:
        await commands.deliver(WRITE)
        await commands.deliver(WRITE, retained=True)
        assert commands.results == []
        await commands.finish(Result(ResultStatus.DONE))
        assert commands.last == ("c-1", "done", None)
