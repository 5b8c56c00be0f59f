"""Files of earlier versions go on, and outboxes follow endpoints that change their names."""

import importlib.resources
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from gateway.model import Gap
from gateway.outbox.disk.aside import asides, log_of
from gateway.outbox.disk.opening import SCHEMA_VERSION
from gateway.outbox.entry import Entry
from gateway.outbox.rescue.adoption import adopt, path_of, take_over, unused
from gateway.outbox.rescue.salvage import ADOPTED_SHIFT
from tests.outbox.setup import WALL_S, Rig, opened, query
from tests.outbox.wrecks import (
    SECOND_FRAME,
    as_rows,
    build,
    flip,
    half_rescued,
    is_over,
    meta,
    overwrite,
    own,
    rescuing,
    rows,
    some,
)

SCHEMA = importlib.resources.files("gateway.outbox.disk") / "schema"


def old_row(entry: Entry) -> tuple[object, ...]:
    """As the first version wrote it: sealed over the payload alone."""
    head = (entry.id, entry.session, entry.seq, entry.kind, entry.device, entry.time_ms, entry.payload)
    return (*head, crc32(entry.payload))


def old_file(path: Path, entries: list[Entry]) -> None:
    """A file of the first version, as a daemon leaves it that is killed."""
    work = path.with_name("building.db")
    with closing(sqlite3.connect(work, isolation_level=None)) as db:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(f"BEGIN; {(SCHEMA / '001.sql').read_text()}; PRAGMA user_version=1; COMMIT")
        db.executemany(f"INSERT INTO envelope VALUES ({', '.join('?' * 8)})", [old_row(one) for one in entries])
        dead = (*old_row(some(1)[0]), 153, "refused")
        db.execute(f"INSERT INTO dead VALUES ({', '.join('?' * 10)})", dead)
        db.execute("INSERT INTO journal VALUES ('c-1', 'd', 1, 2, X'7B7D')")
        db.execute("INSERT INTO announced VALUES ('d')")
        size = sum(len(one.payload) + 64 for one in entries)
        db.execute("UPDATE meta SET value = ? WHERE key = 'bytes'", (size,))
        db.execute("UPDATE meta SET value = ? WHERE key = 'rows'", (len(entries),))
        db.execute("UPDATE meta SET value = ? WHERE key = 'session'", (entries[0].session,))
        copy(work, path)
    work.unlink()


def copy(path: Path, to: Path) -> None:
    shutil.copy(path, to)
    shutil.copy(log_of(path), log_of(to))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox-cloud.db"


async def all_of(rig: Rig) -> list[Entry]:
    return await rig.outbox.waiting(readings=True, after=0, before=1 << 60, limit=10_000)


async def test_a_file_of_the_first_version_opens_with_all_that_is_in_it(path: Path) -> None:
    written = some(200)
    old_file(path, written)
    async with opened(path) as rig:
        found = await all_of(rig)
        assert as_rows(found) == as_rows(written)
        assert rig.outbox.depth()["waiting"] == 200
        assert query(path, "SELECT count(*), max(reason) FROM dead") == [(1, "refused")]
        assert query(path, "SELECT id, result FROM journal") == [("c-1", b"{}")]
        assert query(path, "SELECT device FROM announced") == [("d",)]
        assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
        rig.assert_counted()
        rig.stage()
        await rig.commit()
        assert len(await all_of(rig)) == 201
    assert asides(path) == []


async def test_an_old_seal_still_tells_a_damaged_row(path: Path) -> None:
    written = some(20)
    old_file(path, written)
    query(path, "UPDATE envelope SET payload = X'00' WHERE id = ?", written[3].id)
    async with opened(path) as rig:
        assert len(await all_of(rig)) == 19


async def test_a_damaged_file_of_the_first_version_is_rescued(path: Path) -> None:
    written = some(200)
    old_file(path, written)
    query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    overwrite(path, 0, bytes(100))
    async with rescuing(path) as (rig, _):
        await is_over(path)
        assert as_rows(await all_of(rig)) == as_rows(written)


async def test_a_migration_that_was_cut_short_is_done_again(path: Path) -> None:
    written = some(50)
    old_file(path, written)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size=1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("ALTER TABLE envelope ADD COLUMN ahead_ms INTEGER")
        db.execute("UPDATE envelope SET ahead_ms = 5")
        half = path.with_name("half.db")
        copy(path, half)
        db.execute("ROLLBACK")
    async with opened(half) as rig:
        assert as_rows(await all_of(rig)) == as_rows(written)
        assert query(half, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


async def test_an_outbox_follows_an_endpoint_to_its_new_name(tmp_path: Path) -> None:
    build(path_of(tmp_path, "old"), some(20))
    for _ in range(2):
        adopt(tmp_path, "new", "old", WALL_S)
    async with opened(path_of(tmp_path, "new")) as rig:
        assert as_rows(await all_of(rig)) == as_rows(some(20))
    assert unused(tmp_path, ["new"]) == []


async def test_where_both_have_an_outbox_the_old_one_goes_into_the_new(tmp_path: Path) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    build(old, some(20))
    query(old, "INSERT INTO journal VALUES ('c-1', 'd', 1, 2, X'7B7D', NULL)")
    build(new, some(5))
    adopt(tmp_path, "new", "old", WALL_S)
    async with opened(new) as rig:
        await take_over(rig.outbox)
    async with rescuing(new) as (rig, _):
        await is_over(new)
        found = await all_of(rig)
        assert [one.id for one in found[:20]] == [one.id - ADOPTED_SHIFT for one in some(20)]
        assert [one.payload for one in found] == [one.payload for one in (*some(20), *some(5))]
        assert query(new, "SELECT id FROM journal") == [("c-1",)]
        await rig.settle()
        assert rig.gaps == []
        rig.assert_counted()
    adopt(tmp_path, "new", "old", WALL_S)
    assert meta(new)["journal_lost"] == 0
    assert len(own(new)) == 25


@pytest.mark.parametrize("first", [1, 10**9, 10**12])
async def test_low_ids_of_an_adopted_outbox_leave_and_meet_none(tmp_path: Path, first: int) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    entries = [msgspec.structs.replace(one, id=first + n) for n, one in enumerate(some(20))]
    old_file(old, entries)
    old_file(new, entries[:5])
    adopt(tmp_path, "new", "old", WALL_S)
    async with opened(new) as rig:
        await take_over(rig.outbox)
    async with rescuing(new) as (rig, _):
        await is_over(new)
        found = await all_of(rig)
        assert sorted(one.payload for one in found) == sorted(one.payload for one in (*entries, *entries[:5]))
        assert len({one.id for one in found}) == 25
        await rig.settle()
        assert rig.gaps == []


async def test_files_set_aside_follow_an_outbox_that_goes_into_another(tmp_path: Path) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    build(new, some(5), log=False)
    overwrite(new, 0, bytes(100))
    async with rescuing(new):
        await is_over(new)
    build(old, some(20), log=False)
    overwrite(old, 0, bytes(100))
    async with opened(old):
        pass
    adopt(tmp_path, "new", "old", WALL_S)
    assert (asides(old), unused(tmp_path, ["new"])) == ([], [])
    async with opened(new) as rig:
        await take_over(rig.outbox)
    async with rescuing(new) as (rig, _):
        await is_over(new)
        assert len(await all_of(rig)) == 25
        await rig.settle()
        assert rig.gaps == []


async def test_what_an_adopted_outbox_has_not_told_is_told_once(tmp_path: Path) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    build(old, some(20))
    query(old, "INSERT INTO loss VALUES ('full', 7, NULL, 3, 1, 3, 5, 6)")
    query(old, "INSERT INTO lost VALUES ('full', 9)")
    build(new, some(5))
    query(new, "INSERT INTO loss VALUES ('full', 7, 'd', 2, 8, 9, 7, 8)")
    query(new, "INSERT INTO lost VALUES ('full', 2)")
    adopt(tmp_path, "new", "old", WALL_S)
    told = list[Gap]()
    for _ in range(2):
        async with opened(new) as rig:
            await take_over(rig.outbox)
            await rig.settle()
            assert rig.outbox.depth()["lost"] == {"full": 11}
            told += rig.gaps
    assert {gap.lost_session for gap in told} == {7}
    assert sum(gap.count or 0 for gap in told) == 5


async def test_an_adopted_rescue_goes_on_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    await half_rescued(old, some(600))
    build(new, [], log=False)
    adopt(tmp_path, "new", "old", WALL_S)
    async with opened(new) as rig:
        await take_over(rig.outbox)
        assert rig.outbox.store.file.journal_lost_s is not None
    async with rescuing(new) as (rig, _):
        await is_over(new)
        assert rig.outbox.depth()["lost"] == {"full": 7}
    assert len([row for row in rows(new) if row[3] == "reading"]) == 600


async def test_an_adopted_journal_that_can_not_be_read_holds_commands_back(tmp_path: Path) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    build(old, some(20), log=False)
    overwrite(old, 0, bytes(100))
    build(new, some(5))
    adopt(tmp_path, "new", "old", WALL_S)
    async with opened(new) as rig:
        await take_over(rig.outbox)
        assert rig.outbox.store.file.journal_lost_s is not None
        assert meta(new)["journal_lost"] == 1


async def test_rows_behind_the_damage_in_an_adopted_log_come_back(tmp_path: Path) -> None:
    old, new = path_of(tmp_path, "old"), path_of(tmp_path, "new")
    build(old, some(300), each=20)
    flip(log_of(old), SECOND_FRAME)
    build(new, [], log=False)
    adopt(tmp_path, "new", "old", WALL_S)
    async with opened(new) as rig:
        await take_over(rig.outbox)
        assert rig.outbox.store.file.journal_lost_s is not None
    async with rescuing(new):
        await is_over(new)
    assert len(rows(new)) == 300


def test_outboxes_that_nobody_has_are_named(tmp_path: Path) -> None:
    for name in ("a", "b", "a.db.corrupt-20251123T090102Z"):
        (tmp_path / f"outbox-{name}.db").touch()
    assert unused(tmp_path, ["b"]) == ["a"]
