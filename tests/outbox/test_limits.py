"""Limits of size and age: the oldest or the newest go, and every loss is told."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.outbox import staging
from gateway.outbox.entry import Entry
from tests.outbox.setup import Rig, opened

MAX = 64 * 1024
ROW = 1000 + 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def fill(rig: Rig, count: int, each: int = 4) -> list[Entry]:
    entries = []
    for _ in range(count):
        entries += [rig.stage(payload=bytes(1000)) for _ in range(each)]
        rig.wall_s += 1
        await rig.commit()
    return entries


def lost(rig: Rig, reason: str) -> list[int]:
    """The numbers that gaps of this reason have told."""
    gaps = [gap for gap in rig.gaps if gap.reason == reason and gap.first_seq is not None and gap.last_seq is not None]
    return [seq for gap in gaps for seq in range(gap.first_seq or 0, (gap.last_seq or 0) + 1)]


async def test_the_oldest_readings_make_room_and_are_told(path: Path) -> None:
    async with opened(path, max_size="64KiB") as rig:
        entries = await fill(rig, 40)
        await rig.settle()
        assert MAX * 0.95 <= rig.outbox.depth()["bytes"] <= MAX * 1.05
        kept = await rig.waiting(limit=1000)
        assert kept == [e.id for e in entries][-len(kept) :]
        seqs = [e.seq for e in entries if e.id not in kept]
        assert [seq for seq in lost(rig, "full") if seq in seqs] == seqs
        assert rig.outbox.depth()["lost"] == {"full": len(seqs)}
        rig.assert_counted()


async def test_the_newest_readings_are_refused_and_told(path: Path) -> None:
    async with opened(path, max_size="64KiB", when_full="drop-newest") as rig:
        entries = await fill(rig, 40)
        await rig.settle()
        assert MAX * 0.95 <= sum(len(e.payload) + 64 for e in entries if not e.done) <= MAX * 1.05
        kept = await rig.waiting(limit=1000)
        assert kept == [e.id for e in entries][: len(kept)]
        assert [seq for seq in lost(rig, "full") if seq in {e.seq for e in entries}] == [
            e.seq for e in entries if e.done
        ]
        rig.assert_counted()


async def test_results_are_kept_before_readings(path: Path) -> None:
    async with opened(path, max_size="64KiB") as rig:
        result = rig.stage("result", bytes(1000))
        await fill(rig, 40)
        assert result.id in await rig.waiting(readings=False)


async def test_what_is_too_old_goes_and_is_told(path: Path) -> None:
    async with opened(path, max_age="1h") as rig:
        old = [rig.stage() for _ in range(3)]
        await rig.commit()
        rig.wall_s += 3601
        young = rig.stage()
        await rig.settle()
        assert await rig.waiting() == [young.id]
        (gap,) = rig.gaps
        assert (gap.reason, gap.count, gap.first_seq, gap.last_seq) == ("expired", 3, old[0].seq, old[-1].seq)
        rig.assert_counted()


async def test_what_is_just_young_enough_stays(path: Path) -> None:
    async with opened(path, max_age="1h") as rig:
        old = rig.stage()
        await rig.commit()
        rig.wall_s += 3600
        young = rig.stage()
        await rig.commit()
        assert await rig.waiting() == [old.id, young.id]


async def test_a_loss_of_an_earlier_session_names_it(path: Path) -> None:
    async with opened(path) as rig:
        await fill(rig, 20)
        session = rig.outbox.session
    async with opened(path, max_size="64KiB") as rig:
        await fill(rig, 1)
        await rig.settle()
        assert {gap.lost_session for gap in rig.gaps} == {session}


async def test_acknowledged_rows_are_neither_lost_nor_in_the_way(path: Path) -> None:
    async with opened(path, max_size="64KiB") as rig:
        entries = await fill(rig, 15)
        for entry in entries[:20]:
            rig.outbox.acknowledged(entry)
        more = [rig.stage(payload=bytes(1000)) for _ in range(20)]
        await rig.commit()
        assert rig.gaps == []
        assert await rig.waiting() == [e.id for e in [*entries[20:], *more]]
        rig.assert_counted()


async def test_an_evicted_reading_that_is_acknowledged_after_all_is_not_counted_out_twice(path: Path) -> None:
    async with opened(path, max_size="64KiB") as rig:
        entries = await fill(rig, 40)
        for entry in entries[:50]:
            rig.outbox.acknowledged(entry)
        await rig.commit(1.0)
        rig.assert_counted()


@pytest.mark.parametrize(("policy", "gone"), [("drop-oldest", 0), ("drop-newest", 3)])
async def test_what_overflows_the_staging_room_becomes_a_gap(
    path: Path, policy: str, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 3)
    async with opened(path, when_full=policy) as rig:
        entries = [rig.stage() for _ in range(4)]
        assert entries[gone].done
        rig.outbox.acknowledged(entries[1])
        await rig.settle()
        assert [(gap.reason, gap.count, gap.first_seq) for gap in rig.gaps] == [("overflow", 1, entries[gone].seq)]
        assert rig.ids() == [*(e.id for e in entries if not e.done), entries[-1].id + 1], "the last one is the gap"


async def test_a_loss_in_the_last_commit_is_told_by_the_next_session(path: Path) -> None:
    async with opened(path, max_size="64KiB") as rig:
        await fill(rig, 15)
        gaps: Sequence[object] = list(rig.gaps)
        assert gaps == []
        for _ in range(10):
            rig.stage(payload=bytes(1000))
    async with opened(path, max_size="64KiB") as again:
        assert len(await again.waiting(readings=False)) == 1
