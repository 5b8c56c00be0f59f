"""When an outbox writes, and when it doesn't."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.outbox import staging
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import StoreError, Unsettled
from gateway.outbox.entry import Entry
from tests.outbox.setup import Clock, Rig, begin, make, opened, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def test_an_envelope_may_be_published_at_once_and_is_committed_after_half_the_interval(path: Path) -> None:
    async with opened(path) as rig:
        entry = rig.stage()
        assert rig.ready == [entry]
        rig.clock.advance(0.49)
        assert rig.is_quiet
        assert rig.ids() == []
        await rig.commit(0.01)
        assert rig.ids() == [entry.id]
        assert entry.on_disk
        rig.assert_counted()


async def test_what_was_staged_since_goes_into_the_same_transaction(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage()]
        rig.clock.advance(0.4)
        entries += [rig.stage() for _ in range(9)]
        await rig.commit(0.1)
        assert rig.ids() == [entry.id for entry in entries]


async def test_what_is_acknowledged_before_its_commit_never_touches_the_disk(path: Path) -> None:
    async with opened(path) as rig:
        before = rig.files()
        for _ in range(100):
            rig.outbox.acknowledged(rig.stage())
            rig.clock.advance(0.1)
            assert rig.is_quiet
        assert rig.files() == before


async def test_one_late_acknowledgement_does_not_bring_the_next_envelopes_to_disk(path: Path) -> None:
    async with opened(path) as rig:
        late = rig.stage()
        await rig.commit()
        rig.outbox.acknowledged(late)
        rig.clock.advance(0.9)
        young = rig.stage()
        await rig.commit(0.1)
        assert rig.ids() == []
        assert not young.on_disk
        rig.assert_counted()


async def test_an_acknowledged_row_is_deleted_within_a_second_or_with_the_next_commit(path: Path) -> None:
    async with opened(path) as rig:
        first, second = rig.stage(), rig.stage()
        await rig.commit()
        rig.outbox.acknowledged(first)
        await rig.commit(1.0)
        assert rig.ids() == [second.id]
        rig.outbox.acknowledged(second)
        third = rig.stage()
        await rig.commit(0.5)
        assert rig.ids() == [third.id]
        rig.assert_counted()


async def test_an_acknowledgement_during_a_commit_deletes_the_row_afterwards(path: Path) -> None:
    async with opened(path) as rig:
        entry = rig.stage()
        rig.clock.advance(0.5)
        await until(lambda: rig.outbox._staged.committing)
        rig.outbox.acknowledged(entry)
        await rig.commit(0)
        assert rig.outbox.depth()["waiting"] == 0
        await rig.commit(1.0)
        assert rig.ids() == []
        rig.assert_counted()


async def test_a_second_acknowledgement_changes_nothing(path: Path) -> None:
    async with opened(path) as rig:
        entry, other = rig.stage(), rig.stage()
        await rig.commit()
        rig.outbox.acknowledged(entry)
        await rig.commit(1.0)
        rig.outbox.acknowledged(entry)
        rig.clock.advance(5)
        assert rig.is_quiet
        assert rig.ids() == [other.id]
        rig.assert_counted()


async def test_with_no_interval_an_envelope_is_on_disk_before_it_is_published(path: Path) -> None:
    async with opened(path, commit_interval="0s") as rig:
        seen: list[list[int]] = []
        rig.outbox.on_ready = lambda _: seen.append(rig.ids())
        entries = [rig.stage(), rig.stage("status")]
        assert seen == []
        assert await rig.waiting() == [] or rig.ids() != []
        await rig.commit(0)
        assert seen == [[entry.id for entry in entries]] * 2


async def test_with_no_interval_what_is_not_on_disk_does_not_wait_to_be_published(path: Path) -> None:
    outbox = make(path, Clock(), commit_interval="0s")
    await begin(outbox, Clock())
    outbox.stage("reading", "d", b"{}")
    assert await outbox.waiting(readings=True, after=0, before=10**18, limit=10) == []
    await outbox._cycle.commit()
    assert len(await outbox.waiting(readings=True, after=0, before=10**18, limit=10)) == 1
    await outbox.close()


async def test_flush_returns_once_all_that_was_staged_is_on_disk(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage() for _ in range(3)]
        async with asyncio.timeout(10):
            await rig.outbox.flush()
        assert rig.ids() == [entry.id for entry in entries]


@pytest.mark.parametrize("interval", ["0s", "1s"])
async def test_flush_does_not_wait_for_what_is_staged_after_it(path: Path, interval: str) -> None:
    async with opened(path, commit_interval=interval) as rig:
        busy = True

        def stage_more() -> None:
            if busy:
                rig.stage()

        rig.outbox.on_commit = stage_more
        rig.stage()
        async with asyncio.timeout(10):
            await rig.outbox.flush()
        busy = False


@pytest.mark.parametrize(("policy", "kept"), [("drop-oldest", [False, True]), ("drop-newest", [True, False])])
async def test_flush_tells_whether_what_was_staged_had_to_go(
    path: Path, policy: str, kept: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGING_ENVELOPES", 2)
    async with opened(path, when_full=policy) as rig:
        entries = [rig.stage() for _ in range(3)]
        async with asyncio.timeout(10):
            assert await rig.outbox.flush(entries[0].id) is False
            assert await rig.outbox.flush(rig.outbox.next_id) is True
        assert [each.on_disk for each in (entries[0], entries[-1])] == kept


async def test_flush_of_an_empty_outbox_returns_at_once(path: Path) -> None:
    async with opened(path) as rig:
        async with asyncio.timeout(1):
            await rig.outbox.flush()
        assert rig.is_quiet


async def test_what_is_staged_during_the_last_but_one_commit_is_on_disk_at_the_end(path: Path) -> None:
    outbox, clock = make(path, Clock()), Clock()
    await begin(outbox, clock)
    task = asyncio.create_task(outbox.run())
    outbox.stage("reading", "d", b"1")
    clock.advance(0.5)
    await until(lambda: outbox._staged.committing)
    last = outbox.stage("status", "", b"2")
    outbox.finish()
    await task
    await outbox.close()
    async with opened(path) as rig:
        assert await rig.waiting(readings=False) == [last.id]


async def test_a_finished_outbox_resurrects_nothing_that_was_acknowledged(path: Path) -> None:
    async with opened(path) as rig:
        kept, gone = rig.stage(), rig.stage()
        await rig.commit()
        rig.outbox.acknowledged(gone)
    async with opened(path) as again:
        assert await again.waiting() == [kept.id]
        again.assert_counted()


async def test_a_result_that_shares_its_transaction_is_counted_like_any_other(path: Path) -> None:
    async with opened(path) as rig:
        entry = rig.outbox.numbered("result", "d", lambda seq: b'{"seq":%d}' % seq)
        assert rig.ready == []
        await rig.outbox.store.write(insert_statements([entry]))
        rig.outbox.adopt(entry)
        assert rig.ready == [entry]
        assert entry.payload == b'{"seq":1}'
        rig.assert_counted()
        rig.outbox.acknowledged(entry)
        await rig.commit(1.0)
        rig.assert_counted()


async def test_the_depth_says_what_waits_and_since_when(path: Path) -> None:
    async with opened(path) as rig:
        assert rig.outbox.depth()["oldest_ms"] is None
        first = rig.stage(payload=b"12345")
        await rig.commit()
        rig.wall_s += 7
        rig.stage(payload=b"123")
        depth = rig.outbox.depth()
        (pages,) = rig.query("SELECT page_count * 4096 FROM pragma_page_count")[0]
        assert (depth["waiting"], depth["on_disk"], depth["bytes"]) == (2, 1, pages + 3)
        assert depth["oldest_ms"] == first.time_ms
        rig.outbox.acknowledged(first)
        await rig.commit(0.5)
        assert rig.outbox.depth()["oldest_ms"] == first.time_ms + 7000


async def test_the_oldest_age_moves_on_while_a_backlog_drains(path: Path) -> None:
    async with opened(path) as rig:
        entries = []
        for _ in range(3):
            entries.append(rig.stage())
            rig.wall_s += 10
        await rig.commit()
        rig.outbox.acknowledged(entries[0])
        await rig.commit(1.0)
        assert rig.outbox.depth()["oldest_ms"] == entries[1].time_ms


async def unsettled(rig: Rig) -> Entry:
    """A result that is on disk, though its transaction was not heard of."""
    entry = rig.outbox.numbered("result", "d", lambda _: b"{}")
    await rig.outbox.store.write(insert_statements([entry]))
    rig.outbox.keep_unsettled(entry)
    return entry


async def test_a_look_that_fails_after_a_commit_does_not_undo_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(path) as rig:
        await unsettled(rig)
        rig.stage()
        look, looks = rig.outbox._disk._look, iter((False,))

        async def hangs_once() -> None:
            if not next(looks, True):
                raise Unsettled("the disk does not answer")
            await look()

        monkeypatch.setattr(rig.outbox._disk, "_look", hangs_once)
        await rig.commit()
        assert rig.outbox.depth()["fault"] is None
        assert not rig.outbox._staged
        rig.stage()
        await rig.commit()
        assert len(rig.ids()) == 3
        rig.assert_counted()


async def test_what_is_acknowledged_while_its_second_commit_fails_leaves_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(path) as rig:
        entry = await unsettled(rig)
        commit, fails = rig.outbox._disk.commit, iter((True,))

        async def fails_once(*args: Any, **kwargs: Any) -> Any:
            if next(fails, False):
                rig.outbox.acknowledged(entry)
                raise StoreError("disk I/O error")
            return await commit(*args, **kwargs)

        monkeypatch.setattr(rig.outbox._disk, "commit", fails_once)
        await rig.commit()
        await rig.commit(40)
        assert rig.ids() == []
        rig.assert_counted()
