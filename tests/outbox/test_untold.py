"""A loss that was counted is told, whatever happens before that."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.endpoints.payload import Encoder
from gateway.model import Gap, GapReason
from gateway.outbox.disk.rows import depth
from gateway.outbox.disk.store import CorruptError
from gateway.outbox.losses import GAP_PERIOD_S
from tests.outbox.setup import Rig, opened, query, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def pulled(rig: Rig) -> Path:
    """The files as a crash at this moment would leave them."""
    copy = rig.path.with_name("after-the-crash.db")
    for suffix in ("", "-wal"):
        shutil.copy(f"{rig.path}{suffix}", f"{copy}{suffix}")
    return copy


def say_gaps(rig: Rig) -> None:
    """As the intake does, with real envelopes."""
    encoder = Encoder("gw", "cloud", rig.outbox.session)

    def tell(gap: Gap) -> None:
        rig.gaps.append(gap)
        rig.stage("gap", encoder.gap(rig.outbox.next_seq, 0, gap))

    rig.outbox.on_gap = tell


async def fill(rig: Rig, count: int) -> None:
    for _ in range(count):
        for _ in range(100):
            rig.stage(payload=bytes(1000))
        await rig.commit(1.0)


async def test_what_a_crash_leaves_untold_the_next_session_tells(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 50)
        told = sum(gap.count or 0 for gap in rig.gaps)
        lost = rig.outbox.depth()["lost"]["full"]
        assert 0 < told < lost
        crashed, session = pulled(rig), rig.outbox.session
    async with opened(crashed, max_size="4MiB") as rig:
        await rig.commit(0)
        first = rig.gaps[0]
        assert (first.reason, first.count, first.lost_session) == ("full", lost - told, session)
        assert rig.outbox.depth()["lost"]["full"] >= lost


async def test_a_loss_is_forgotten_by_the_commit_that_holds_its_word(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        await fill(rig, 50)
        rig.clock.advance(GAP_PERIOD_S)
        await rig.settle()
        (row,) = rig.query("SELECT count(*) FROM loss")
        words = rig.query("SELECT count(*) FROM envelope WHERE kind = 'gap'")
        assert row[0] == 0
        assert words[0][0] == len(rig.gaps)


async def test_what_is_dropped_at_the_door_survives_a_crash_too(path: Path) -> None:
    async with opened(path, max_size="4MiB", when_full="drop-newest") as rig:
        await fill(rig, 50)
        lost = rig.outbox.depth()["lost"]["full"]
        assert rig.query("SELECT count FROM lost WHERE reason = 'full'") == [(lost,)]
        assert sum(gap.count or 0 for gap in rig.gaps) + rig.query("SELECT count FROM loss")[0][0] == lost


async def test_a_word_that_has_to_go_itself_is_said_again(path: Path) -> None:
    async with opened(path, max_size="4MiB") as rig:
        say_gaps(rig)
        rig.outbox._cycle.lost([Gap(GapReason.OVERFLOW, 7, 3, 9, 1000, 2000, None, 5)])
        await rig.commit(1.0)
        for _ in range(60):
            for _ in range(100):
                rig.stage("result", bytes(1000))
            await rig.commit(1.0)
        assert rig.outbox.depth()["lost"]["overflow"] == 7, "counted once"
        rig.outbox.tell_losses()
        await rig.commit(0)
        again = [gap for gap in rig.gaps if gap.reason is GapReason.OVERFLOW]
        assert again[0] == again[-1]
        assert len(again) > 1


async def test_a_healthy_uplink_writes_nothing(path: Path) -> None:
    async with opened(path) as rig:
        rig.outbox.acknowledged(rig.stage())
        rig.stage("status")
        await rig.commit(61)
        before = rig.files()
        for _ in range(600):
            rig.outbox.acknowledged(rig.stage())
            rig.clock.advance(1.0)
            await asyncio.sleep(0)
        await rig.outbox.store.rows("SELECT 1")
        assert rig.files() == before


async def test_a_word_that_is_told_during_a_commit_is_not_forgotten_by_it(path: Path) -> None:
    async with opened(path) as rig:
        rig.outbox._cycle.lost([Gap(GapReason.OVERFLOW, 41, 3, 43, 1000, 2000)])
        rig.outbox._cycle.losses._told_s[GapReason.OVERFLOW] = rig.clock.now_s
        rig.stage()
        commit = asyncio.create_task(rig.commit(1.0))
        await until(lambda: rig.outbox._staged.committing)
        rig.outbox.tell_losses()
        crashes = []
        rig.outbox._cycle._hooks = rig.outbox._cycle._hooks._replace(on_disk=lambda _: crashes.append(pulled(rig)))
        await commit
        for sql in ("SELECT count FROM loss", "SELECT 41 FROM envelope WHERE kind = 'gap'"):
            if found := query(crashes[0], sql):
                assert found == [(41,)]
                break
        else:
            raise AssertionError("neither the loss nor its word is on disk")


async def damaged(path: Path, *changes: str) -> None:
    """A file that was closed well, as a fault of the disk has left it: its tables' rules don't hold any more."""
    async with opened(path) as rig:
        rig.stage()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for table in ("loss", "lost"):
            schema = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
            db.execute(f"DROP TABLE {table}")
            db.execute(schema.replace("STRICT, ", "").replace("NOT NULL", ""))
        for change in changes:
            db.execute(change)


async def test_a_loss_whose_reason_can_not_be_read_is_told_as_damage(path: Path) -> None:
    await damaged(
        path, "INSERT INTO lost VALUES ('overfloW', 5)", "INSERT INTO loss VALUES ('?', 4, 'd', 5, 1, 5, 6, 7)"
    )
    async with opened(path) as rig:
        assert rig.outbox.depth()["lost"] == {"corrupt": 5}
        await rig.settle()
        assert rig.gaps == [Gap(GapReason.CORRUPT, 5, 1, 5, 6, 7, "d", 4)]
        assert rig.query("SELECT * FROM lost") == [("corrupt", 5)]


@pytest.mark.parametrize("value", ["x'00ff'", "NULL", "1.5", "'many'"])
async def test_a_loss_that_can_not_be_read_keeps_no_outbox_from_opening(path: Path, value: str) -> None:
    await damaged(
        path,
        f"INSERT INTO lost VALUES ('full', {value})",
        f"INSERT INTO loss VALUES ('full', 4, 'd', 5, 1, 5, {value}, 7)",
    )
    async with opened(path) as rig:
        assert len(rig.ids()) == 1
        assert rig.outbox.depth()["lost"] == {}


@pytest.mark.parametrize("time_ms", [-(1 << 62), 1 << 62])
async def test_a_loss_at_a_time_that_no_clock_can_say_is_told(path: Path, time_ms: int) -> None:
    await damaged(path, f"INSERT INTO loss VALUES ('full', 4, 'd', 5, 1, 5, {time_ms}, {time_ms})")
    async with opened(path) as rig:
        say_gaps(rig)
        await rig.settle()
        assert [gap.count for gap in rig.gaps] == [5]


async def test_a_file_whose_counters_can_not_be_read_is_set_aside_at_work_too(path: Path) -> None:
    async with opened(path) as rig:
        rig.query("UPDATE meta SET key = 'rowr' WHERE key = 'rows'")
        with pytest.raises(CorruptError):
            await rig.outbox.store.transaction(depth)
        assert await rig.outbox.store.transaction(depth) == (0, 0, None)
        assert [*path.parent.glob("outbox.db.corrupt-*Z")]
