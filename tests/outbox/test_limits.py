"""Limits of size and age: the oldest or the newest go, and every loss is told."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.outbox import staging
from gateway.outbox.entry import Entry
from tests.outbox.setup import WALL_S, Rig, full, opened

MAX = 4 * 1024**2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def fill(rig: Rig, count: int, each: int = 128) -> list[Entry]:
    entries = []
    for _ in range(count):
        entries += [rig.stage(payload=bytes(1000)) for _ in range(each)]
        rig.wall_s += 1
        await rig.commit(1.0)
    return entries


def on_disk(rig: Rig) -> int:
    """What its files take, pages and log."""
    return sum(len(data) for data in rig.files())


def lost(rig: Rig, reason: str) -> list[int]:
    """The numbers that gaps of this reason have told."""
    gaps = [gap for gap in rig.gaps if gap.reason == reason and gap.first_seq is not None and gap.last_seq is not None]
    return [seq for gap in gaps for seq in range(gap.first_seq or 0, (gap.last_seq or 0) + 1)]


async def test_the_oldest_readings_make_room_and_are_told(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        entries = await fill(rig, 40)
        await rig.settle()
        assert MAX * 0.95 <= on_disk(rig) <= MAX * 1.05
        kept = await rig.waiting(limit=100_000)
        assert kept == [e.id for e in entries][-len(kept) :]
        seqs = [e.seq for e in entries if e.id not in kept]
        assert [seq for seq in lost(rig, "full") if seq in seqs] == seqs
        assert rig.outbox.depth()["lost"] == {"full": len(seqs)}
        rig.assert_counted()


async def test_the_newest_readings_are_refused_and_told(path: Path) -> None:
    async with opened(path, max_size="4MiB", when_full="drop-newest") as rig:
        entries = await fill(rig, 40)
        await rig.settle()
        assert MAX * 0.95 <= on_disk(rig) <= MAX * 1.05
        kept = await rig.waiting(limit=100_000)
        assert kept == [e.id for e in entries][: len(kept)]
        gone = {e.seq for e in entries if e.id not in kept}
        assert set(lost(rig, "full")) & {e.seq for e in entries} == gone
        assert rig.outbox.depth()["lost"] == {"full": len(gone)}
        rig.assert_counted()


async def test_results_are_kept_before_readings(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        result = rig.stage("result", bytes(1000))
        await fill(rig, 40)
        assert result.id in await rig.waiting(readings=False)


async def test_what_is_too_old_goes_and_is_told(path: Path) -> None:
    async with opened(path, max_age="1h") as rig:
        old = [rig.stage() for _ in range(3)]
        await rig.commit()
        rig.clock.advance(3601)
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
        rig.clock.advance(3600 - 1.0)
        young = rig.stage()
        await rig.commit()
        assert await rig.waiting() == [old.id, young.id]


async def test_a_loss_of_an_earlier_session_names_it(path: Path) -> None:
    async with opened(path) as rig:
        await fill(rig, 30)
        session = rig.outbox.session
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 1)
        await rig.settle()
        assert {gap.lost_session for gap in rig.gaps} == {session}


async def test_acknowledged_rows_are_neither_lost_nor_in_the_way(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        entries = await fill(rig, 22)
        for entry in entries[:640]:
            rig.outbox.acknowledged(entry)
        more = [rig.stage(payload=bytes(1000)) for _ in range(640)]
        await rig.settle()
        assert rig.gaps == []
        assert await rig.waiting(limit=100_000) == [e.id for e in [*entries[640:], *more]]
        rig.assert_counted()


async def test_an_evicted_reading_that_is_acknowledged_after_all_is_not_counted_out_twice(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        entries = await fill(rig, 40)
        for entry in entries[:1600]:
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
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 22)
        gaps: Sequence[object] = list(rig.gaps)
        assert gaps == []
        for _ in range(1000):
            rig.stage(payload=bytes(1000))
    async with opened(path, max_size="4MiB") as again:
        await again.commit(0)
        (gap,) = again.gaps
        assert gap.count == again.outbox.depth()["lost"]["full"]
        assert gap.lost_session == again.outbox.session - 1


async def test_a_full_outbox_tells_of_its_losses_once_a_minute_and_counts_them_at_once(path: Path) -> None:
    async with opened(path, max_size="4MiB", commit_interval="100ms") as rig:
        for _ in range(400):
            for _ in range(32):
                rig.stage(payload=bytes(300))
            await rig.commit(0.05)
            assert rig.outbox.depth()["lost"].get("full", 0) == 0 or rig.gaps
        kept = await rig.waiting(limit=100_000)
        assert len(rig.gaps) == 1, "20 s: the first, and none since"
        assert MAX * 0.95 <= on_disk(rig) <= MAX * 1.05
        assert rig.outbox.depth()["lost"]["full"] == 400 * 32 - len(kept)
        rig.clock.advance(60)
        await rig.settle()
        assert sum(gap.count or 0 for gap in rig.gaps) == rig.outbox.depth()["lost"]["full"]


async def test_what_is_lost_and_not_told_yet_is_told_by_the_next_session(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 40)
        told = sum(gap.count or 0 for gap in rig.gaps)
        lost_so_far = rig.outbox.depth()["lost"]["full"]
        assert told < lost_so_far
    async with opened(path, max_size="4MiB") as again:
        await again.commit(0)
        assert sum(gap.count or 0 for gap in again.gaps) == again.outbox.depth()["lost"]["full"] - told
        again.assert_counted()


@pytest.mark.parametrize("policy", ["drop-oldest", "drop-newest"])
async def test_what_is_no_reading_is_bounded_too_and_told(path: Path, policy: str) -> None:
    async with opened(path, max_size="4MiB", when_full=policy) as rig:
        entries = []
        for number in range(6000):
            kind, device = (("status", f"d{number}"), ("gap", ""), ("result", "d"))[number // 2000]
            entries.append(rig.stage(kind, bytes(2500), device))
            if number % 200 == 0:
                await rig.commit()
        await rig.settle()
        assert MAX * 0.95 <= on_disk(rig) <= MAX * 1.05
        left = {*await rig.waiting(readings=False, limit=100_000)}
        kept = [e for e in entries if e.id in left]
        assert {e.kind for e in kept} == {"result"}
        assert kept == entries[-len(kept) :]
        gone = {e.seq for e in entries} - {e.seq for e in kept}
        assert gone <= set(lost(rig, "full"))
        rig.assert_counted()


async def test_readings_go_first_then_states_then_gaps(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        order = ("result", "gap", "status", "reading")
        ids = {kind: {rig.stage(kind, bytes(1000), f"d{number}").id for number in range(600)} for kind in order}
        left = [ids]
        for _ in range(60):
            for _ in range(60):
                rig.stage("result", bytes(1000))
            await rig.commit()
            here = set(rig.ids())
            left.append({kind: ids[kind] & here for kind in order})
        for now in left:
            begun = [kind for kind in order if now[kind] != ids[kind]]
            assert not any(now[kind] for kind in begun[1:]), "a kind begins to go when the next one is gone"
        assert not any(left[-1].values())


async def test_states_of_a_flapping_device_cost_no_readings(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        readings = [rig.stage(payload=bytes(1000)) for _ in range(2800)]
        for _ in range(30):
            for _ in range(100):
                last = rig.stage("status", bytes(100), "flapping")
            await rig.commit()
        assert await rig.waiting(limit=100_000) == [e.id for e in readings]
        assert last.id in await rig.waiting(readings=False, limit=100_000)
        assert rig.outbox.depth()["bytes"] <= MAX


async def test_what_is_no_reading_grows_too_old_as_well(path: Path) -> None:
    async with opened(path, max_age="1h") as rig:
        old = [rig.stage(kind) for kind in ("result", "gap", "status", "birth", "reading")]
        await rig.commit()
        rig.clock.advance(3601)
        young = rig.stage("status")
        await rig.settle()
        assert set(rig.ids()) & {e.id for e in (*old, young)} == {young.id}
        assert [(gap.reason, gap.count) for gap in rig.gaps] == [("expired", 5)]


@pytest.mark.parametrize("jump_s", [86_400 * 365.0, -86_400 * 365.0])
async def test_a_wall_clock_that_jumps_costs_nothing(path: Path, jump_s: float) -> None:
    async with opened(path, max_age="1h") as rig:
        entries = [rig.stage()]
        await rig.commit()
        rig.wall_s += jump_s
        for _ in range(3):
            entries.append(rig.stage())
            rig.clock.advance(61)
            await rig.commit(0)
        assert await rig.waiting() == [e.id for e in entries]
        rig.clock.advance(3600 - 183 - 0.8)
        last = rig.stage()
        await rig.commit()
        assert await rig.waiting() == [e.id for e in [*entries[1:], last]], "an hour is an hour, before and after"


async def test_what_earlier_sessions_left_is_judged_by_the_clock_at_the_opening(path: Path) -> None:
    async with opened(path, max_age="1h") as rig:
        old = rig.stage()
        rig.wall_s += 1800
        young = rig.stage()
    async with opened(path, max_age="1h", wall_s=WALL_S + 3000) as rig:
        rig.stage()
        await rig.commit()
        rig.wall_s += 86_400
        rig.clock.advance(700)
        rig.stage()
        await rig.commit()
        assert old.id not in rig.ids()
        assert young.id in rig.ids()


async def test_staging_stays_bounded_while_the_disk_refuses(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 100)
    async with opened(path) as rig:
        await full(rig.outbox, 1)
        for _ in range(20):
            for number in range(90):
                rig.stage(("reading", "status", "result")[number % 3], bytes(300))
            await rig.commit(31)
            assert rig.outbox.depth()["waiting"] <= 100
        await full(rig.outbox, 10**6)
        await rig.commit(31)
        await rig.settle()
        lost_now = rig.outbox.depth()["lost"]["overflow"]
        assert sum(gap.count or 0 for gap in rig.gaps) == lost_now
        assert len(rig.ids()) + lost_now == rig.outbox.next_seq - 1


async def test_readings_make_room_for_results_though_they_got_on_disk_after_them(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        for _ in range(60):
            for _ in range(100):
                rig.stage("result", bytes(1000))
            await rig.commit(1.0)
        readings = [rig.stage(payload=bytes(1000)) for _ in range(200)]
        for _ in range(100):
            rig.stage("result", bytes(1000))
        await rig.commit(1.0)
        for _ in range(300):
            rig.stage("result", bytes(1000))
        await rig.commit(1.0)
        assert not {entry.id for entry in readings} & set(rig.ids())
