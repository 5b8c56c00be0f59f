"""The file: sessions, how the last one ended, versions, checksums."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from gateway.outbox.disk import store as store_module
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.entry import IDS_PER_SESSION, Entry
from tests.outbox.setup import WALL_S, opened, query


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def entry(number: int, payload: bytes = b"{}", kind: str = "reading") -> Entry:
    return Entry(number, 7, number, kind, "d", 1000 + number, payload)


def assert_no_thread_goes_on() -> None:
    """It would keep the process from ending."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and "_connection_worker" in thread.name:
            thread.join(5)
            assert not thread.is_alive()


async def test_the_first_session_is_the_wall_clock(path: Path) -> None:
    store = Store(path)
    session = int(WALL_S)
    assert await store.open(WALL_S + 0.9) == (session, 0, True, session * IDS_PER_SESSION, 1)
    await store.close(clean=True)


async def test_a_session_is_on_disk_as_soon_as_the_file_is_open(path: Path) -> None:
    store = Store(path)
    await store.open(WALL_S)
    assert query(path, "SELECT value FROM meta WHERE key = 'session'") == [(int(WALL_S),)]
    assert query(path, "SELECT value FROM meta WHERE key = 'clean'") == [(0,)]
    await store.close(clean=True)


@pytest.mark.parametrize("now_s", [WALL_S, WALL_S - 86_400 * 365, 0.0])
async def test_a_session_grows_also_when_the_wall_clock_went_back(path: Path, now_s: float) -> None:
    for expected in (int(WALL_S), int(WALL_S) + 1):
        store = Store(path)
        opened_ = await store.open(WALL_S if expected == int(WALL_S) else now_s)
        assert opened_.session == expected
        await store.close(clean=True)


async def test_a_session_keeps_up_with_the_clock(path: Path) -> None:
    for now_s in (WALL_S, WALL_S + 100):
        store = Store(path)
        assert (await store.open(now_s)).session == int(now_s)
        await store.close(clean=True)


@pytest.mark.parametrize("clean", [True, False])
async def test_the_next_session_learns_how_the_last_one_ended(path: Path, clean: bool) -> None:
    store = Store(path)
    await store.open(WALL_S)
    await store.close(clean)
    again = Store(path)
    opened_ = await again.open(WALL_S)
    assert (opened_.previous_session, opened_.clean) == (int(WALL_S), clean)
    await again.close(clean=True)


async def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "b" / "outbox.db")
    await store.open(WALL_S)
    await store.close(clean=True)


async def test_a_path_that_can_not_be_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        await Store(tmp_path / "file" / "outbox.db").open(WALL_S)
    with pytest.raises(StoreError):
        await Store(tmp_path).open(WALL_S)
    assert_no_thread_goes_on()


async def test_a_store_that_is_not_open_says_so(path: Path) -> None:
    with pytest.raises(StoreError, match="not open"):
        await Store(path).write([("DELETE FROM envelope", [()])])
    await Store(path).close(clean=True)


async def test_a_transaction_is_done_wholly_or_not_at_all(path: Path) -> None:
    store = Store(path)
    await store.open(WALL_S)
    with pytest.raises(StoreError):
        await store.write([*insert_statements([entry(1)]), ("INSERT INTO nowhere VALUES (?)", [(1,)])])
    assert query(path, "SELECT count(*) FROM envelope") == [(0,)]
    await store.write(insert_statements([entry(1)]))
    assert query(path, "SELECT count(*) FROM envelope") == [(1,)]
    await store.close(clean=True)


async def test_a_cancellation_does_not_cut_a_transaction(path: Path) -> None:
    store = Store(path)
    await store.open(WALL_S)
    for steps in range(12):
        task = asyncio.create_task(store.write(insert_statements([entry(2 * steps + 1), entry(2 * steps + 2)])))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.rows("SELECT 1")
        assert query(path, "SELECT count(*) FROM envelope")[0][0] % 2 == 0
    assert query(path, "SELECT value FROM meta WHERE key = 'rows'") == query(path, "SELECT count(*) FROM envelope")
    await store.close(clean=True)


async def test_the_file_is_written_ahead_and_synced(path: Path) -> None:
    store = Store(path)
    await store.open(WALL_S)
    assert await store.rows("PRAGMA journal_mode") == [("wal",)]
    assert await store.rows("PRAGMA synchronous") == [(2,)]
    assert await store.rows("PRAGMA auto_vacuum") == [(2,)]
    await store.close(clean=True)


async def test_ids_go_on_after_the_highest_ever_kept(path: Path) -> None:
    store = Store(path)
    await store.open(WALL_S)
    await store.write(insert_statements([entry(5)]))
    highest = 10**17
    await store.bury(entry(highest), 0x99, "refused", 100)
    await store.close(clean=True)
    again = Store(path)
    assert (await again.open(WALL_S)).last_id == highest, "else a new dead letter would replace the old one"
    await again.close(clean=True)


async def test_envelopes_come_back_as_they_went_in(path: Path) -> None:
    store = Store(path)
    await store.open(WALL_S)
    written = [entry(1, b"\x00\xff"), entry(2, b"", "result"), entry(3, bytes(100_000))]
    await store.write(insert_statements(written))
    readings, torn = await store.entries(readings=True, after=0, before=10**18, limit=10)
    others, _ = await store.entries(readings=False, after=0, before=10**18, limit=10)
    assert torn == []
    for one, other in zip(written, sorted([*readings, *others], key=lambda e: e.id), strict=True):
        assert (one.id, one.session, one.seq, one.kind, one.device, one.time_ms, one.payload) == (
            other.id,
            other.session,
            other.seq,
            other.kind,
            other.device,
            other.time_ms,
            other.payload,
        )
        assert other.on_disk
    await store.close(clean=True)


def flip(path: Path, row: int) -> None:
    """As a worn flash cell does: behind SQLite's back."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (payload,) = db.execute("SELECT payload FROM envelope WHERE id = ?", (row,)).fetchone()
    data = path.read_bytes()
    at = data.index(payload) + 3
    path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])


async def test_a_row_with_a_flipped_bit_is_never_sent_but_counted_and_told(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage(payload=b'{"number":%d}' % number) for number in range(3)]
        await rig.commit()
    flip(path, entries[1].id)
    async with opened(path) as rig:
        assert await rig.waiting() == [entries[0].id, entries[2].id]
        assert await rig.waiting() == [entries[0].id, entries[2].id]
        await rig.commit(0)
        (gap,) = rig.gaps
        assert (gap.reason, gap.count, gap.first_seq, gap.last_seq) == ("corrupt", 1, 2, 2)
        assert gap.lost_session == entries[1].session
        assert rig.outbox.depth()["lost"] == {"corrupt": 1}
        word = rig.outbox.next_id - 1
        assert rig.ids() == [entries[0].id, entries[2].id, word], (
            "the word on a loss is on disk when the loss is forgotten"
        )
        rig.assert_counted()


async def test_a_gap_in_a_batch_of_torn_rows_does_not_hide_what_follows(path: Path) -> None:
    async with opened(path) as rig:
        entries = [rig.stage(payload=b'{"number":%d}' % number) for number in range(5)]
        await rig.commit()
    for one in entries[:4]:
        flip(path, one.id)
    async with opened(path) as rig:
        assert await rig.waiting(limit=2) == [entries[4].id]


async def test_what_is_set_aside_is_kept_for_a_person_and_told(path: Path) -> None:
    async with opened(path) as rig:
        early, late = rig.stage(payload=b"early"), rig.stage(payload=b"late")
        await rig.commit()
        young = rig.stage(payload=b"young")
        for one in (early, young):
            await rig.outbox.set_aside(one, 0x99, "no good")
        await rig.commit(0.5)
        assert rig.query("SELECT seq, payload, code, reason FROM dead") == [
            (early.seq, b"early", 0x99, "no good"),
            (young.seq, b"young", 0x99, "no good"),
        ]
        assert await rig.waiting() == [late.id]
        await rig.settle()
        assert [(gap.reason, gap.count, gap.first_seq) for gap in rig.gaps] == [("refused", 1, 1), ("refused", 1, 3)]
        rig.assert_counted()


async def test_of_what_is_set_aside_the_newest_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "DEAD_ROWS", 3)
    async with opened(path) as rig:
        for number in range(1, 6):
            await rig.outbox.store.bury(entry(number, bytes(10)), 0x99, "no good", 100)
        assert rig.query("SELECT id FROM dead ORDER BY id") == [(3,), (4,), (5,)]
        await rig.outbox.store.bury(entry(6, bytes(85)), 0x99, "no good", 100)
        assert rig.query("SELECT id FROM dead ORDER BY id") == [(5,), (6,)]


async def test_deleting_what_is_not_there_changes_no_counter(path: Path) -> None:
    async with opened(path) as rig:
        gone, *here = [rig.stage() for _ in range(2)]
        await rig.commit()
        for _ in range(2):
            here.append(rig.stage())
            rig.outbox.acknowledged(Entry(gone.id, gone.session, gone.seq, gone.kind, gone.device, 0, gone.payload))
            await rig.commit(1.0)
            rig.assert_counted()
        assert rig.ids() == [e.id for e in here]
        assert rig.outbox.depth()["waiting"] == len(here)


async def test_an_empty_file_counts_nothing_whatever_its_counters_say(path: Path) -> None:
    async with opened(path):
        pass
    query(path, "UPDATE meta SET value = -3 WHERE key = 'rows'")
    async with opened(path) as rig:
        assert rig.outbox.depth()["waiting"] == 0
        rig.assert_counted()


async def test_a_second_process_may_read_while_the_outbox_writes(path: Path) -> None:
    async with opened(path) as rig:
        rig.stage()
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM envelope").fetchone() == (0,)
            await rig.commit()
            assert reader.execute("SELECT count(*) FROM envelope").fetchone() == (0,)
        assert len(rig.ids()) == 1
