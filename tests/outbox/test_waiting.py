"""What waits: disk and memory as one order."""

import asyncio
from pathlib import Path

import pytest

from gateway.outbox import waiting as module
from gateway.outbox.disk.rows import insert_statements
from tests.outbox.setup import full, opened, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def test_disk_comes_before_memory_and_each_lane_in_order(path: Path) -> None:
    async with opened(path) as rig:
        kinds = ["reading", "result", "reading", "gap", "reading", "status"]
        entries = [rig.stage(kind) for kind in kinds[:3]]
        await rig.commit()
        entries += [rig.stage(kind) for kind in kinds[3:]]
        assert await rig.waiting(readings=True) == [e.id for e in entries if e.is_reading]
        assert await rig.waiting(readings=False) == [e.id for e in entries if not e.is_reading]


async def test_the_bounds_are_outside(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage() for _ in range(4)]
        await rig.commit()
        entries += [rig.stage() for _ in range(4)]
        assert await rig.waiting(after=entries[1].id, before=entries[6].id) == [e.id for e in entries[2:6]]
        assert await rig.waiting(limit=5) == [e.id for e in entries[:5]]


async def test_during_a_commit_nothing_is_missing_and_nothing_twice(path: Path) -> None:
    async with opened(path) as rig:
        entries = []
        for _ in range(20):
            entries += [rig.stage() for _ in range(5)]
            rig.clock.advance(0.5)
            for steps in range(6):
                for _ in range(steps):
                    await asyncio.sleep(0)
                assert await rig.waiting(limit=1000) == [e.id for e in entries]


async def test_a_result_on_disk_does_not_hide_an_older_status_in_memory(path: Path) -> None:
    async with opened(path) as rig:
        status = rig.stage("status")
        result = rig.outbox.numbered("result", "d", lambda _: b"{}")
        await rig.outbox.store.write(insert_statements([result]))
        rig.outbox.adopt(result)
        assert await rig.waiting(readings=False) == [status.id, result.id]
        assert await rig.waiting(readings=False, limit=1) == [status.id]


async def test_acknowledged_rows_do_not_make_the_search_jump_to_what_is_in_memory(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage() for _ in range(10)]
        await rig.commit()
        in_memory = rig.stage()
        for entry in entries[1:4]:
            rig.outbox.acknowledged(entry)
        found: list[int] = []
        while batch := await rig.waiting(after=found[-1] if found else 0, limit=4):
            found += batch
        assert found == [entries[0].id, *(e.id for e in entries[4:]), in_memory.id]


async def test_many_acknowledged_rows_do_not_end_the_search(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage("result") for _ in range(10)]
        await rig.commit()
        for entry in entries[:9]:
            rig.outbox.acknowledged(entry)
        assert await rig.waiting(readings=False, limit=2) == [entries[9].id]


async def test_what_is_acknowledged_does_not_wait(path: Path) -> None:
    async with opened(path) as rig:
        on_disk = rig.stage()
        await rig.commit()
        in_memory = rig.stage()
        rig.outbox.acknowledged(on_disk)
        rig.outbox.acknowledged(in_memory)
        assert await rig.waiting() == []


async def test_what_can_not_be_read_now_is_not_passed_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_MIN_S", 0.001)
    async with opened(path) as rig:
        old = rig.stage()
        await rig.commit()
        young = rig.stage()
        rig.query("ALTER TABLE envelope RENAME TO hidden")
        task = asyncio.create_task(rig.waiting())
        await until(lambda: rig.outbox.depth()["fault"])
        assert not task.done()
        rig.query("ALTER TABLE hidden RENAME TO envelope")
        assert await task == [old.id, young.id]


async def test_on_a_full_disk_what_waits_in_memory_is_still_found(path: Path) -> None:
    async with opened(path) as rig:
        old = rig.stage()
        await rig.commit()
        await full(rig.outbox, 1)
        young = rig.stage(payload=bytes(100_000))
        await rig.commit()
        assert rig.outbox.depth()["fault"] is not None
        assert await rig.waiting() == [old.id, young.id]
        await full(rig.outbox, 10**6)
