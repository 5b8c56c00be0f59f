"""What decides that a file hides rows, and what must not."""

import asyncio
from pathlib import Path

import pytest
from aiosqlite import Connection

from gateway.outbox.disk.aside import asides
from gateway.outbox.disk.opening import UnreadableError
from gateway.outbox.disk.store import CorruptError
from tests.outbox.setup import opened
from tests.outbox.wrecks import build, is_over, own, rescuing, some

ALL = 1 << 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    built = tmp_path / "outbox-cloud.db"
    build(built, some(5), log=False)
    return built


async def test_rows_that_nobody_knows_are_read_again_and_then_the_file_is_set_aside(path: Path) -> None:
    async with opened(path) as rig:
        audit = rig.outbox.audit(set)
        assert not await audit.is_passed(ALL, ALL)
        assert asides(path) == []
        assert not await audit.is_passed(ALL, ALL) or asides(path)
        assert len(asides(path)) == 1


async def test_what_is_known_or_acknowledged_is_not_missed(path: Path) -> None:
    async with opened(path) as rig:
        first, *others = await rig.outbox.waiting(readings=True, after=0, before=ALL, limit=10)
        audit = rig.outbox.audit(lambda: {entry.id for entry in others})
        assert not await audit.is_passed(ALL, ALL)
        rig.outbox.acknowledged(first)
        assert await audit.is_passed(ALL, ALL)


async def test_only_what_should_have_been_read_is_missed(path: Path) -> None:
    async with opened(path) as rig:
        boundary = rig.outbox.next_id
        rig.stage("result")
        rig.stage()
        await rig.commit()
        known = set(rig.ids()[:5])
        assert await rig.outbox.audit(lambda: known).is_passed(boundary, boundary)
        assert await rig.outbox.audit(lambda: known).is_passed(boundary, boundary + 1)
        assert not await rig.outbox.audit(lambda: known).is_passed(boundary, boundary + 2)


async def test_what_was_missed_in_one_file_is_not_held_against_the_next(path: Path) -> None:
    async with rescuing(path) as (rig, _):
        audit = rig.outbox.audit(set)
        assert not await audit.is_passed(ALL, ALL)

        async def find_damage(_: Connection) -> None:
            raise UnreadableError("a damaged page")

        with pytest.raises(CorruptError):
            await rig.outbox.store.transaction(find_damage)
        await is_over(path)
        assert len(own(path)) == 5
        assert not await audit.is_passed(ALL, ALL)
        assert len(asides(path)) == 1


async def test_a_look_that_outlives_its_connection_decides_nothing(path: Path) -> None:
    async with opened(path) as rig:
        known = set(rig.ids())
        audit = rig.outbox.audit(lambda: known)
        known.pop()
        assert not await audit.is_passed(ALL, ALL)
        task = asyncio.create_task(audit.is_passed(ALL, ALL))
        await asyncio.sleep(0)
        task.cancel()
        known.clear()
        await asyncio.wait([task])
        await rig.outbox.store.rows("SELECT 1")
        assert task.cancelled()
        assert asides(path) == []
