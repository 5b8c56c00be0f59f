"""Opening never fails because of what a file holds."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.outbox.disk.aside import asides, log_of, set_aside
from gateway.outbox.disk.opening import SCHEMA_VERSION, make
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import CorruptError, Store, StoreError
from tests.outbox.setup import WALL_S, query
from tests.outbox.wrecks import PAGE, SESSION, build, entry, flip, meta, overwrite, rows, some

STAMP = "20251123T090102Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox-cloud.db"


async def open_and_close(path: Path, wall_s: float = WALL_S) -> tuple[int, int, bool]:
    """Session, the one before, and how that ended."""
    store = Store(path, lambda: wall_s)
    opened = await store.open(wall_s)
    await store.close(clean=True)
    return opened[:3]


def garbage(path: Path) -> None:
    path.write_bytes(b"no database, " * 1000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def no_header(path: Path) -> None:
    overwrite(path, 0, bytes(100))


def no_schema(path: Path) -> None:
    overwrite(path, 100, bytes(PAGE - 100))


def no_meta(path: Path) -> None:
    for number in range(3, 16):
        data = path.read_bytes()
        page = data[number * PAGE : (number + 1) * PAGE]
        if b"sealed_from" in page:
            overwrite(path, number * PAGE, bytes(PAGE))


def absurd_session(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE meta SET value = 1 << 60 WHERE key = 'session'")


def no_setting(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM meta WHERE key = 'session'")


def no_table(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE dead")


def no_log_nor_size(path: Path) -> None:
    path.unlink()
    overwrite_log = log_of(path)
    overwrite_log.write_bytes(bytes(5000))


DAMAGES = (
    garbage,
    empty,
    cut,
    no_header,
    no_schema,
    no_meta,
    absurd_session,
    no_setting,
    no_table,
    no_log_nor_size,
)


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_set_aside_and_a_fresh_one_begun(path: Path, damage: Callable[[Path], None]) -> None:
    build(path, some(300), log=False)
    damage(path)
    with capture_logs() as logs:
        await open_and_close(path)
    (aside,) = asides(path)
    assert aside.path.name == f"outbox-cloud.db.corrupt-{STAMP}"
    assert query(path, "SELECT count(*) FROM envelope") == [(0,)]
    assert meta(path)["journal_lost"] == 1
    (event,) = [event for event in logs if event["log_level"] == "error"]
    assert event["event"] == "outbox file set aside"
    assert event["kept_as"] == str(aside.path)
    assert event["reason"]


def of_a_newer_version(path: Path) -> None:
    """Its version stands in the log."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
        copy(path, path.with_name("kept"))
    copy(path.with_name("kept"), path)


def copy(path: Path, to: Path) -> None:
    """With its log."""
    to.write_bytes(path.read_bytes())
    log_of(to).write_bytes(log_of(path).read_bytes())


async def test_a_file_from_a_newer_version_is_set_aside_with_its_log(path: Path) -> None:
    build(path, some(10))
    of_a_newer_version(path)
    await open_and_close(path)
    (aside,) = asides(path)
    assert aside.path.name == f"outbox-cloud.db.newer-{STAMP}"
    with closing(sqlite3.connect(aside.path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)


async def test_a_first_file_is_whole_before_it_has_its_name_and_holds_no_command_back(path: Path) -> None:
    await open_and_close(path)
    assert meta(path)["journal_lost"] == 0
    assert not path.with_name(path.name + ".new").exists()
    assert asides(path) == []


def test_a_fresh_file_is_opened_without_a_journal_that_a_power_cut_could_leave_to_another(path: Path) -> None:
    make(path, {"session": SESSION})
    assert path.read_bytes()[18:20] == bytes([2, 2]), "SQLite's file format for a write-ahead log"
    assert list(path.parent.iterdir()) == [path]


async def test_a_draft_that_was_not_finished_is_made_anew(path: Path) -> None:
    path.with_name(path.name + ".new").write_bytes(b"half")
    await open_and_close(path)
    assert query(path, "SELECT count(*) FROM envelope") == [(0,)]


async def test_a_crash_between_setting_aside_and_beginning_anew_is_gone_on_from(path: Path) -> None:
    build(path, some(10), log=False)
    set_aside(path, "corrupt", WALL_S)
    _, before, clean = await open_and_close(path)
    (aside,) = asides(path)
    assert (before, clean) == (SESSION, False)
    assert meta(path) | {"journal_lost": 1, aside.next_key: 0, aside.missing_key: 10} == meta(path)


async def test_two_files_of_one_second_have_two_names(path: Path) -> None:
    for _ in range(3):
        garbage(path)
        log_of(path).unlink(missing_ok=True)
        await open_and_close(path)
    assert [aside.stamp for aside in asides(path)] == [STAMP, f"{STAMP}-2", f"{STAMP}-3"]


@pytest.mark.parametrize("wall_s", [0.0, WALL_S])
async def test_a_session_in_a_fresh_file_is_higher_than_any_before(path: Path, wall_s: float) -> None:
    build(path, some(10), log=False)
    written_s = SESSION + 500.0
    no_header(path)
    os.utime(path, (written_s, written_s))
    os.utime(log_of(path), (written_s, written_s))
    session, _, _ = await open_and_close(path, wall_s)
    assert session == max(int(wall_s), int(written_s) + 1)


async def test_a_session_that_was_ahead_of_every_clock_is_known_from_the_old_file(path: Path) -> None:
    make(path, {"session": int(WALL_S) + 10**6})
    no_header(path)
    os.utime(path, (1, 1))
    session, before, _ = await open_and_close(path)
    assert (session, before) == (int(WALL_S) + 10**6 + 1, int(WALL_S) + 10**6)


async def test_what_was_set_aside_earlier_is_not_forgotten_with_the_file(path: Path) -> None:
    make(path, {"session": SESSION, "rescue-20250101T000000Z": -1, "missing-20250101T000000Z": 3, "rows": 5})
    no_header(path)
    await open_and_close(path)
    assert meta(path)["rescue-20250101T000000Z"] == -1
    assert meta(path)["missing-20250101T000000Z"] == 3
    assert meta(path)[f"missing-{STAMP}"] == 5


async def test_a_file_that_somebody_has_locked_is_an_error_and_stays(path: Path) -> None:
    build(path, some(10), log=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            await Store(path).open(WALL_S)
    assert asides(path) == []


async def test_a_file_without_its_folder_being_writable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_bytes(b"")
    with pytest.raises(StoreError):
        await Store(tmp_path / "no folder" / "outbox.db").open(WALL_S)


@pytest.mark.parametrize("transactions", [1, 2, 5])
async def test_a_log_damaged_in_the_middle_is_noticed_and_kept(path: Path, transactions: int) -> None:
    build(path, some(500, 100), each=50)
    whole = rows_of_a_copy(path)
    damage_last_transactions(path, transactions)
    with capture_logs() as logs:
        await open_and_close(path)
    (aside,) = asides(path)
    assert aside.log.exists()
    assert not aside.path.exists(), "only the log is kept: the file goes on"
    assert len(rows(path)) == 500 - transactions * 50
    assert whole == 500
    assert meta(path)[aside.missing_key] == transactions * 50
    assert meta(path)["journal_lost"] == (transactions > 1), "one transaction can be torn by a power cut"
    (event,) = [event for event in logs if event["event"] == "outbox log damaged"]
    assert event["transactions"] == transactions


def rows_of_a_copy(path: Path) -> int:
    other = path.with_name("copy.db")
    copy(path, other)
    return int(query(other, "SELECT count(*) FROM envelope")[0][0])


def damage_last_transactions(path: Path, count: int) -> None:
    """Flip a bit in the first frame of the last so many transactions."""
    data = log_of(path).read_bytes()
    frames = range(32, len(data), 24 + PAGE)
    ends = [number for number, at in enumerate(frames) if data[at + 4 : at + 8] != bytes(4)]
    flip(log_of(path), 32 + (ends[-1 - count] + 1) * (24 + PAGE) + 1000)


async def test_a_damaged_head_of_the_log_is_noticed(path: Path) -> None:
    build(path, some(100, 100))
    flip(log_of(path), 20)
    await open_and_close(path)
    (aside,) = asides(path)
    assert aside.log.exists()
    assert meta(path)[aside.missing_key] == 100


async def test_a_session_that_only_a_damaged_log_knows_is_not_used_again(path: Path) -> None:
    build(path, some(100, 100))
    flip(log_of(path), 20)
    session, _, _ = await open_and_close(path, 0.0)
    assert session > SESSION


async def test_a_crash_in_the_middle_of_a_transaction_is_no_damage(path: Path) -> None:
    store = Store(path, lambda: WALL_S)
    await store.open(WALL_S)
    await store.write(insert_statements(some(20)))
    assert store._db is not None
    await store._db.execute("PRAGMA cache_size=2")
    await store._db.execute("BEGIN")
    await store._db.executemany(*insert_statements([entry(n, bytes(3000)) for n in range(100, 150)])[0])
    crashed = path.with_name("crashed.db")
    copy(path, crashed)
    await store._db.execute("ROLLBACK")
    await store.close(clean=True)
    assert log_of(crashed).stat().st_size > 30 * PAGE
    await open_and_close(crashed)
    assert asides(crashed) == []
    assert len(rows(crashed)) == 20


@pytest.mark.parametrize("cut_at", [0.3, 0.7, 0.999])
async def test_a_log_that_ends_in_the_middle_of_a_transaction_is_no_damage(path: Path, cut_at: float) -> None:
    build(path, some(300, 100))
    os.truncate(log_of(path), int(log_of(path).stat().st_size * cut_at))
    await open_and_close(path)
    assert asides(path) == []


async def test_damage_that_shows_later_is_set_aside_at_once_and_the_session_goes_on(path: Path) -> None:
    build(path, some(2000), log=False)
    overwrite(path, 40 * PAGE, b"\xff" * PAGE * 4)
    store = Store(path, lambda: WALL_S)
    opened = await store.open(WALL_S)
    with pytest.raises(CorruptError):
        await store.entries(readings=True, after=0, before=1 << 60, limit=5000)
    await store.write(insert_statements([entry(10**5)]))
    assert len(rows(path)) == 1
    assert meta(path)["session"] == opened.session
    assert store.file.number == 1
    assert store.file.journal_lost_s is not None
    await store.close(clean=True)
    (aside,) = asides(path)
    assert meta(path)[aside.missing_key] == 2000


async def test_a_store_whose_fresh_file_can_not_be_made_at_once_makes_it_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(path, some(2000), log=False)
    overwrite(path, 40 * PAGE, b"\xff" * PAGE * 4)
    store = Store(path, lambda: WALL_S)
    await store.open(WALL_S)
    draft = path.with_name(path.name + ".new")
    draft.mkdir()
    with pytest.raises(StoreError):
        await store.entries(readings=True, after=0, before=1 << 60, limit=5000)
    with pytest.raises(StoreError):
        await store.rows("SELECT 1")
    draft.rmdir()
    assert await store.rows("SELECT count(*) FROM envelope") == [(0,)]
    await store.close(clean=True)
    assert len(asides(path)) == 1


@pytest.mark.parametrize("gone", [("",), ("-wal",), ("", "-wal"), ("", "-wal", "-shm")])
async def test_a_file_that_is_deleted_in_use_is_put_back(path: Path, gone: tuple[str, ...]) -> None:
    store = Store(path, lambda: WALL_S)
    await store.open(WALL_S)
    await store.write(insert_statements([entry(1)]))
    for suffix in gone:
        path.with_name(path.name + suffix).unlink()
    store.file._looked_s = 0.0
    await store.write(insert_statements([entry(2)]))
    assert [row[2] for row in rows(path)] == [1, 2]
    assert await store.rows("PRAGMA journal_mode") == [("wal",)]
    await store.close(clean=True)
    assert asides(path) == []
    assert (await open_and_close(path))[1:] == (int(WALL_S), True)


async def test_a_file_that_goes_again_before_it_is_opened_again_is_not_forgotten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(path, lambda: WALL_S)
    opened = await store.open(WALL_S)
    await store.write(insert_statements([entry(1)]))

    async def refuse() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    log_of(path).with_name(path.name).unlink()
    store.file._looked_s = 0.0
    with monkeypatch.context() as patch:
        patch.setattr(store.file, "_connect", refuse)
        with pytest.raises(StoreError):
            await store.write(insert_statements([entry(2)]))
    log_of(path).with_name(path.name).unlink()
    await store.rows("SELECT 1")
    (aside,) = asides(path)
    assert meta(path)["session"] == opened.session
    assert meta(path)["journal_lost"] == 1
    assert meta(path)[aside.next_key] == 0
    assert aside.missing_key not in meta(path), "nobody can tell how many are lost"
    await store.close(clean=True)


async def test_a_file_that_takes_the_place_of_the_one_in_use_is_set_aside(path: Path) -> None:
    store = Store(path, lambda: WALL_S)
    await store.open(WALL_S)
    await store.write(insert_statements([entry(1)]))
    stranger = path.with_name("stranger.db")
    build(stranger, [entry(7)], log=False)
    stranger.rename(path)
    store.file._looked_s = 0.0
    await store.write(insert_statements([entry(2)]))
    assert [row[2] for row in rows(path)] == [1, 2]
    await store.close(clean=True)
    (aside,) = asides(path)
    assert aside.kind == "corrupt"


async def test_opening_reads_no_more_of_a_larger_file(path: Path) -> None:
    read: list[int] = []
    for count in (100, 20_000):
        build(path, some(count, 1000), log=False, each=10_000)
        before = bytes_read()
        await open_and_close(path)
        read.append(bytes_read() - before)
    assert query(path, "PRAGMA page_count") > [(2500,)]
    assert read[1] < read[0] + 256 * 1024


def bytes_read() -> int:
    """By this process, from the disk or from the system's memory of it."""
    return int(Path("/proc/self/io").read_text().split()[1])


async def test_a_clock_that_was_set_back_brings_no_session_back(path: Path) -> None:
    make(path, {"session": SESSION - 10**6})
    no_header(path)
    await open_and_close(path, WALL_S - 10**6)
    last, _, _ = await open_and_close(path, WALL_S)
    no_header(path)
    for file in (path, log_of(path), *(aside.path for aside in asides(path))):
        os.utime(file, (1, 1)) if file.exists() else None
    session, before, _ = await open_and_close(path, 86_400.0)
    assert (session, before) == (last + 1, last)
    assert [aside.stamp for aside in asides(path)] == ["20251111T191422Z", "20251111T191422Z-2"]


async def test_a_session_that_only_a_file_set_aside_long_ago_knows_is_not_used_again(path: Path) -> None:
    ahead = int(WALL_S) + 10**6
    make(path, {"session": ahead})
    no_header(path)
    set_aside(path, "corrupt", WALL_S - 10**6)
    garbage(path)
    for file in (path, *(aside.path for aside in asides(path))):
        os.utime(file, (1, 1))
    session, _, _ = await open_and_close(path)
    assert session == ahead + 1
