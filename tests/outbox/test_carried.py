"""Losses that only a damaged file knows are told by whoever comes after it, once."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import LAST_MS, Gap, GapReason
from gateway.outbox.disk.aside import log_of
from gateway.outbox.disk.opening import make
from gateway.outbox.disk.rows import depth
from gateway.outbox.disk.store import CorruptError
from gateway.outbox.disk.wreck import Wreck
from gateway.outbox.entry import MAX_SESSION
from gateway.outbox.noted import LOSS, LOST, MAX_COUNT, Noted, row_of
from tests.outbox.setup import Rig, opened, query
from tests.outbox.test_untold import pulled, say_gaps
from tests.outbox.wrecks import PAGE, SESSION, build, flip, flip_all, overwrite, some
from tests.support.examples import examples

FULL = Gap(GapReason.FULL, 40, 3, 43, 1000, 2000, "d", SESSION - 10)
REFUSED = Gap(GapReason.REFUSED, None, None, None, 1000, 2000, None, SESSION - 10)
TOTAL = {GapReason.FULL: 140, GapReason.REFUSED: 1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def note(path: Path, gaps: list[Gap], total: dict[GapReason, int]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executemany(LOSS, [row_of(gap, 0) for gap in gaps])
        db.executemany(LOST, [(reason.value, count) for reason, count in total.items()])


def damage(path: Path) -> None:
    """Nobody can open it any more."""
    overwrite(path, 0, bytes(100))


def losses(path: Path) -> Noted:
    with Wreck(path) as wreck:
        return wreck.losses()


def told(rig: Rig) -> list[Gap]:
    return [gap for gap in rig.gaps if gap.reason is not GapReason.CORRUPT]


async def tell(rig: Rig) -> list[Gap]:
    say_gaps(rig)
    await rig.settle()
    return told(rig)


@pytest.mark.parametrize("log", [True, False])
async def test_losses_that_only_a_damaged_file_knows_are_told_once(path: Path, *, log: bool) -> None:
    build(path, some(100), log=log)
    note(path, [FULL, REFUSED], TOTAL)
    damage(path)
    async with opened(path) as rig:
        assert rig.outbox.depth()["lost"] == {"full": 140, "refused": 1}
        assert await tell(rig) == [FULL, REFUSED]
    damage(path)
    async with opened(path) as rig:
        assert rig.outbox.depth()["lost"] == {"full": 140, "refused": 1}
        assert await tell(rig) == []


async def test_losses_that_stand_in_the_log_count(path: Path) -> None:
    async with opened(path) as rig:
        rig.outbox._cycle.lost([FULL])
        rig.stage()
        rig.outbox._cycle.losses._told_s[GapReason.FULL] = rig.clock.now_s
        await rig.commit(1.0)
        crashed = pulled(rig)
    damage(crashed)
    flip(log_of(crashed), 40)
    assert losses(crashed) == ([FULL], {GapReason.FULL: 40})


async def test_a_second_damaged_start_before_anything_is_told_doubles_nothing(path: Path) -> None:
    build(path, some(100), log=False)
    note(path, [FULL], TOTAL)
    damage(path)
    async with opened(path) as rig:
        crashed = pulled(rig)
    damage(crashed)
    log_of(crashed).unlink()
    async with opened(crashed) as rig:
        assert rig.outbox.depth()["lost"] == {"full": 140, "refused": 1}
        assert await tell(rig) == [FULL]


async def test_damage_that_shows_when_the_counters_are_read_costs_no_loss(path: Path) -> None:
    build(path, some(2000), log=False)
    note(path, [FULL], TOTAL)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'lost'").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    overwrite(path, (root - 1) * PAGE, b"\xff" * PAGE)
    async with opened(path) as rig:
        assert rig.outbox.store.file.number == 1
        assert await tell(rig) == [FULL]


async def test_damage_at_work_tells_what_was_told_no_second_time(path: Path) -> None:
    async with opened(path) as rig:
        rig.outbox._cycle.lost([FULL])
        rig.outbox._cycle.losses._told_s[GapReason.FULL] = rig.clock.now_s
        rig.stage()
        await rig.commit(1.0)
        assert rig.query("SELECT count FROM loss") == [(40,)]
        rig.query("UPDATE meta SET key = 'rowr' WHERE key = 'rows'")
        with pytest.raises(CorruptError):
            await rig.outbox.store.transaction(depth)
        assert rig.query("SELECT count FROM loss") == [(40,)], "a crash now costs no loss"
        assert await tell(rig) == [FULL]
        assert rig.query("SELECT count(*) FROM loss") == [(0,)]
        assert rig.query("SELECT count FROM lost") == [(40,)]


def test_losses_of_very_many_sessions_are_found(path: Path) -> None:
    make(path, {"session": SESSION})
    many = [Gap(GapReason.PURGED, 1, 1, 1, 1000, 1000, "d" * 20, SESSION - n) for n in range(300)]
    note(path, many, {})
    assert {gap.lost_session for gap in losses(path).gaps} == {gap.lost_session for gap in many}


def test_losses_in_a_page_that_is_not_in_use_any_more_were_told(path: Path) -> None:
    make(path, {"session": SESSION})
    note(path, [Gap(GapReason.PURGED, 1, 1, 1, 1000, 1000, "d" * 20, SESSION - n) for n in range(300)], {})
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete=OFF")
        db.execute("DELETE FROM loss")
    assert b"purged" in path.read_bytes()
    assert losses(path) == ([], {})


@pytest.mark.parametrize(
    "row",
    [
        ("overfloW", SESSION, "d", 5, 1, 5, 6, 7),
        ("full", -1, "d", 5, 1, 5, 6, 7),
        ("full", MAX_SESSION, "d", 5, 1, 5, 6, 7),
        ("full", SESSION, "d", -5, 1, 5, 6, 7),
        ("full", SESSION, "d", MAX_COUNT, 1, 5, 6, 7),
        ("full", SESSION, "d", 5, -1, 5, 6, 7),
        ("full", SESSION, "d", 5, 1, MAX_COUNT, 6, 7),
        ("full", SESSION, "d", 5, 1, 5, -6, 7),
        ("full", SESSION, "d", 5, 1, 5, 6, LAST_MS + 1),
    ],
)
def test_what_can_be_no_loss_is_none(path: Path, row: tuple[object, ...]) -> None:
    make(path, {"session": SESSION})
    note(path, [REFUSED], {GapReason.REFUSED: 1})
    query(path, LOSS, *row)
    query(path, LOST, row[0], -1)
    assert losses(path) == ([REFUSED], {GapReason.REFUSED: 1})


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with losses, which nobody changes."""
    path = tmp_path_factory.mktemp("noted") / "outbox.db"
    make(path, {"session": SESSION})
    note(path, [FULL, REFUSED], TOTAL)
    return path


def pages_of(path: Path) -> list[int]:
    """Where the losses lie."""
    roots = query(path, "SELECT rootpage FROM sqlite_master WHERE name IN ('loss', 'lost')")
    return [(root - 1) * PAGE for (root,) in roots]


@settings(max_examples=examples(50))
@given(st.integers(0, 1 << 32), st.integers(1, 400), st.booleans())
def test_losses_that_are_garbage_keep_no_outbox_from_opening(
    tmp_path_factory: pytest.TempPathFactory, noted: Path, seed: int, changes: int, whole_bytes: bool
) -> None:
    path = tmp_path_factory.mktemp("garbage") / "outbox.db"
    shutil.copy(noted, path)
    rng = random.Random(seed)
    flip_all(path, [_change(rng, at, whole_bytes) for at in pages_of(noted) for _ in range(changes)])
    damage(path)

    async def begin() -> None:
        async with opened(path) as rig:
            await tell(rig)
            for gap in rig.gaps:
                assert gap.count is None or 0 <= gap.count < 2 * MAX_COUNT

    asyncio.run(begin())


def _change(rng: random.Random, page: int, whole_bytes: bool) -> tuple[int, int]:
    """In its head or among its cells."""
    at = page + rng.choice((rng.randrange(16), rng.randrange(PAGE - 200, PAGE)))
    return at, rng.randrange(1, 256) if whole_bytes else 1 << rng.randrange(8)
