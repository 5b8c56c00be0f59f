"""What the file knows of the machine's boot."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from gateway import clock as clock_module
from gateway.clock import WallClock, boot_ms, now_ms
from gateway.model import Gap, GapReason
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from tests.outbox.setup import WALL_S, Clock, begin, make

YEAR_S = 86_400 * 365.0
BOOT, NEXT_BOOT = 4711, 4712


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Exists once the clock is right."""
    return tmp_path / "right"


@asynccontextmanager
async def session(path: Path, wall: WallClock, clock: Clock, wall_s: float = WALL_S) -> AsyncIterator[Outbox]:
    """An outbox whose commits are the test's, on clocks in the test's hand."""
    outbox = make(path, clock, lambda: wall_s, wall=wall, max_age="1d")
    await begin(outbox, clock)
    yield outbox
    outbox.finish()
    await outbox.run()
    await outbox.close()


def synchronise(wall: WallClock, mark: Path) -> None:
    mark.touch()
    assert wall.look()


async def waiting(outbox: Outbox) -> list[Entry]:
    return await outbox.waiting(readings=True, after=0, before=1 << 62, limit=100)


async def test_a_row_of_this_boot_is_set_right_by_a_later_session(path: Path, mark: Path) -> None:
    clock = Clock()
    async with session(path, WallClock(str(mark), boot=BOOT), clock, wall_s=35.0) as outbox:
        ahead_ms = outbox.stage("reading", "d", b"{}").ahead_ms
        assert ahead_ms is not None
        assert abs(ahead_ms - (35_000 - boot_ms())) < 1000

    right = WallClock("trusted", boot=BOOT)
    async with session(path, right, clock) as outbox:
        (row,) = await waiting(outbox)
        assert row.ahead_ms == ahead_ms
        assert outbox.moved_ms(row) == right.ahead_ms - ahead_ms


async def test_a_row_of_another_boot_stays_as_it_was_stamped(path: Path, mark: Path) -> None:
    async with session(path, WallClock(str(mark), boot=BOOT), Clock()) as outbox:
        outbox.stage("reading", "d", b"{}")

    async with session(path, WallClock("trusted", boot=NEXT_BOOT), Clock()) as outbox:
        assert outbox.moved_ms((await waiting(outbox))[0]) is None


async def test_where_no_boot_can_be_told_from_another_nothing_is_set_right_after_a_restart(
    path: Path, mark: Path
) -> None:
    async with session(path, WallClock(str(mark), boot=0), Clock()) as outbox:
        outbox.stage("reading", "d", b"{}")

    async with session(path, WallClock("trusted", boot=0), Clock()) as outbox:
        assert outbox.moved_ms((await waiting(outbox))[0]) is None


async def test_what_waits_in_memory_is_set_right_as_soon_as_the_clock_is(path: Path, mark: Path) -> None:
    wall = WallClock(str(mark), boot=BOOT)
    async with session(path, wall, Clock(), wall_s=35.0) as outbox:
        before = outbox.stage("reading", "d", b"{}")
        assert outbox.moved_ms(before) is None
        synchronise(wall, mark)
        after = outbox.stage("reading", "d", b"{}")

        assert before.ahead_ms is not None
        assert outbox.moved_ms(before) == wall.ahead_ms - before.ahead_ms
        assert (after.ahead_ms, outbox.moved_ms(after)) == (None, None)


async def test_a_clock_that_is_set_between_a_reading_and_its_envelope_does_not_mislead(path: Path, mark: Path) -> None:
    wall = WallClock(str(mark), boot=BOOT)
    async with session(path, wall, Clock()) as outbox:
        entry = outbox.stage("reading", "d", b"{}", read_ms=35_000)
        synchronise(wall, mark)

        moved_ms = outbox.moved_ms(entry)
        assert moved_ms is not None
        assert abs(35_000 + moved_ms - now_ms()) < 1000


@pytest.mark.parametrize("jump_s", [10 * YEAR_S, -2 * 86_400.0])
async def test_a_jump_while_the_gateway_is_stopped_makes_no_row_old(path: Path, jump_s: float) -> None:
    clock = Clock()
    async with session(path, WallClock("trusted", boot=BOOT), clock) as outbox:
        ids = [outbox.stage("reading", "d", b"{}").id for _ in range(3)]

    async with session(path, WallClock("trusted", boot=BOOT), clock, WALL_S + jump_s) as outbox:
        outbox.stage("reading", "d", b"{}")
        await outbox._cycle.commit()
        assert [entry.id for entry in await waiting(outbox)][:3] == ids


@pytest.mark.parametrize("jump_s", [10 * YEAR_S, -2 * 86_400.0])
async def test_rows_from_before_a_jump_grow_old_in_their_time_after_a_restart(path: Path, jump_s: float) -> None:
    clock = Clock()
    async with session(path, WallClock("trusted", boot=BOOT), clock) as outbox:
        outbox.stage("reading", "d", b"{}")

    clock.now_s += 90_000
    async with session(path, WallClock("trusted", boot=BOOT), clock, WALL_S + 90_000 + jump_s) as outbox:
        new = outbox.stage("reading", "d", b"{}")
        await outbox._cycle.commit()
        assert [entry.id for entry in await waiting(outbox)] == [new.id]


async def test_what_a_wrong_clock_stamped_in_another_boot_is_not_old_for_that(path: Path, mark: Path) -> None:
    async with session(path, WallClock(str(mark), boot=BOOT), Clock(), wall_s=35.0) as outbox:
        old = outbox.stage("reading", "d", b"{}")

    clock = Clock()
    async with session(path, WallClock("trusted", boot=NEXT_BOOT), clock) as outbox:
        await outbox._cycle.commit()
        assert [entry.id for entry in await waiting(outbox)] == [old.id]
        clock.now_s += 90_000
        await outbox._cycle.commit()
        assert await waiting(outbox) == []


@pytest.mark.parametrize("opened_s", [WALL_S + 60 * 86_400.0, 35.0])
async def test_a_wrong_clock_at_the_opening_makes_no_row_of_another_boot_old(
    path: Path, mark: Path, opened_s: float
) -> None:
    async with session(path, WallClock("trusted", boot=BOOT), Clock()) as outbox:
        old = outbox.stage("reading", "d", b"{}")

    clock = Clock()
    async with session(path, WallClock(str(mark), boot=NEXT_BOOT), clock, opened_s) as outbox:
        await outbox._cycle.commit()
        assert [entry.id for entry in await waiting(outbox)] == [old.id]
        clock.now_s += 90_000
        await outbox._cycle.commit()
        assert await waiting(outbox) == [], "nobody knows better until the clock is right"


async def test_rows_of_another_boot_are_judged_by_the_clock_as_soon_as_it_is_right(path: Path, mark: Path) -> None:
    async with session(path, WallClock("trusted", boot=BOOT), Clock()) as outbox:
        outbox.stage("reading", "d", b"{}")

    clock, wall = Clock(), WallClock(str(mark), boot=NEXT_BOOT)
    async with session(path, wall, clock, wall_s=35.0) as outbox:
        await outbox._cycle.commit()
        assert len(await waiting(outbox)) == 1
        outbox._stamps._wall_s = lambda: WALL_S + 90_000
        synchronise(wall, mark)
        clock.now_s += 60
        await outbox._cycle.commit()
        assert await waiting(outbox) == []


@pytest.mark.parametrize("key", ["boot", "boot_from", "ahead-0"])
async def test_what_can_not_be_read_of_a_boot_keeps_no_outbox_from_opening(path: Path, key: str) -> None:
    async with session(path, WallClock("trusted", boot=BOOT), Clock()) as outbox:
        old = outbox.stage("reading", "d", b"{}")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("UPDATE meta SET key = ? WHERE key = ?", (key[:-1] + "p", key)).rowcount == 1
        db.commit()

    async with session(path, WallClock("trusted", boot=BOOT), Clock()) as outbox:
        await outbox._cycle.commit()
        assert [entry.id for entry in await waiting(outbox)] == [old.id]


async def test_what_was_lost_before_the_clock_was_right_is_told_by_the_right_clock(
    path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = WallClock(str(mark), boot=BOOT)
    async with session(path, wall, Clock(), wall_s=35.0) as outbox:
        told = list[Gap]()
        outbox.on_gap = told.append
        outbox._cycle.lost([Gap(GapReason.OVERFLOW, 1, 1, 1, 35_000, 35_000)])
        outbox._stamps._wall_s = lambda: WALL_S
        made_ms = now_ms() - boot_ms()
        monkeypatch.setattr(clock_module, "now_ms", lambda: boot_ms() + made_ms + 1_000_000_000)
        synchronise(wall, mark)
        outbox.tell_losses()
        assert round(told[0].first_ms, -2) == round(told[0].last_ms, -2) == 1_000_035_000


@pytest.mark.parametrize("jump_s", [10 * YEAR_S, -2 * 86_400.0])
async def test_a_jump_makes_the_oldest_no_older_in_the_status(path: Path, jump_s: float) -> None:
    clock = Clock()
    async with session(path, WallClock("trusted", boot=BOOT), clock) as outbox:
        outbox.stage("reading", "d", b"{}")

    clock.now_s += 50
    async with session(path, WallClock("trusted", boot=BOOT), clock, WALL_S + jump_s) as outbox:
        outbox.stage("reading", "d", b"{}")
        assert outbox.depth()["oldest_age_s"] == 50
        await outbox._cycle.commit()
        assert outbox.depth()["oldest_age_s"] == 50
