"""What was written in memory while the disk refused goes to the disk as it is, once."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.outbox.disk.aside import asides, log_of
from gateway.outbox.entry import Entry
from gateway.outbox.rescue.adoption import path_of, take_over
from gateway.outbox.rescue.homecoming import DRAFT, LEAVING, MEMORIES, PIECE_BYTES, bring_home, furnish
from tests.outbox.setup import WALL_S, opened, query
from tests.outbox.wrecks import (
    SECOND_FRAME,
    SESSION,
    as_rows,
    build,
    entry,
    flip,
    half_rescued,
    is_over,
    meta,
    overwrite,
    rescuing,
    rows,
    some,
)

HOUR_S = 3600

LONG = 10**9
"""A session with ids like those of sessions so many seconds later: beyond this machine's clock."""


@pytest.fixture
def refuge(tmp_path: Path) -> Path:
    folder = tmp_path / "refuge"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def leave(refuge: Path, entries: list[Entry]) -> None:
    """As a daemon in memory that is killed."""
    build(path_of(refuge, "cloud"), entries)


def left(refuge: Path) -> list[Path]:
    """Of outboxes."""
    return [file for file in refuge.rglob("outbox*") if file.is_file()]


def date(path: Path, wall_s: float) -> None:
    """As if last written then."""
    for file in (path, log_of(path)):
        if file.exists():
            os.utime(file, (wall_s, wall_s))


def dead_below(folder: Path, call: Callable[..., Any]) -> Callable[..., Any]:
    """As the system answers where a card has died."""

    def answer(path: object, *rest: Any, **options: Any) -> Any:
        if isinstance(path, str | Path) and Path(path).is_relative_to(folder):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return call(path, *rest, **options)

    return answer


async def work(state: Path, wall_s: float = WALL_S, stage: int = 0) -> int:
    """One session that brings everything back; returns its number."""
    path = path_of(state, "cloud")
    async with opened(path, wall_s=wall_s) as rig:
        await take_over(rig.outbox)
    async with rescuing(path, wall_s=wall_s) as (rig, _):
        for _ in range(stage):
            rig.stage()
        await is_over(path)
        await rig.settle()
        assert rig.gaps == []
        rig.assert_counted()
        return rig.outbox.session


@pytest.mark.parametrize("has_file", [True, False])
async def test_rows_go_to_the_disk_with_their_identity(refuge: Path, state: Path, has_file: bool) -> None:
    if has_file:
        async with opened(path_of(state, "cloud"), wall_s=WALL_S - HOUR_S):
            pass
    leave(refuge, some(300))
    bring_home(refuge, state, WALL_S)
    await work(state)
    assert rows(path_of(state, "cloud")) == as_rows(some(300))
    assert left(refuge) == []


async def test_rows_in_memory_come_between_those_of_before_and_after(refuge: Path, state: Path) -> None:
    async with opened(path_of(state, "cloud"), wall_s=SESSION - HOUR_S) as rig:
        before = [rig.stage() for _ in range(3)]
        await rig.commit()
    leave(refuge, some(5))
    bring_home(refuge, state, WALL_S)
    await work(state, stage=3)
    ids = [row[0] for row in rows(path_of(state, "cloud"))]
    assert ids[:8] == [one.id for one in (*before, *some(5))]
    assert len(ids) == 11


async def test_a_session_is_higher_than_those_in_memory_though_the_clock_was_set_back(
    refuge: Path, state: Path
) -> None:
    async with opened(path_of(state, "cloud"), wall_s=SESSION - HOUR_S):
        pass
    leave(refuge, some(5))
    date(path_of(refuge, "cloud"), SESSION - HOUR_S)
    bring_home(refuge, state, SESSION - HOUR_S)
    assert await work(state, wall_s=SESSION - HOUR_S) > SESSION


async def test_a_session_has_higher_ids_than_a_long_one_in_memory_had(refuge: Path, state: Path) -> None:
    async with opened(path_of(state, "cloud"), wall_s=SESSION - HOUR_S):
        pass
    long = [entry(LONG * 10**6 + number) for number in range(5)]
    leave(refuge, long)
    date(path_of(refuge, "cloud"), SESSION - HOUR_S)
    bring_home(refuge, state, SESSION - HOUR_S)
    await work(state, wall_s=SESSION - HOUR_S, stage=1)
    ids = [row[0] for row in rows(path_of(state, "cloud"))]
    assert ids[:5] == [one.id for one in long]
    assert len(ids) == 6


async def test_what_was_executed_in_memory_is_known_on_the_disk(refuge: Path, state: Path) -> None:
    async with opened(path_of(state, "cloud")) as rig:
        await rig.outbox.store.write(
            [
                (
                    "INSERT INTO journal VALUES ('c-1', 'd', 1, 2, X'7B7D', NULL)",
                    [()],
                )
            ]
        )
    leave(refuge, some(5))
    query(
        path_of(refuge, "cloud"),
        "INSERT INTO journal VALUES ('c-2', 'd', 1, 2, X'7B7D', NULL)",
    )
    bring_home(refuge, state, WALL_S)
    await work(state)
    assert query(path_of(state, "cloud"), "SELECT id FROM journal ORDER BY id") == [("c-1",), ("c-2",)]
    assert meta(path_of(state, "cloud"))["journal_lost"] == 0


async def test_a_state_directory_may_be_given_from_where_one_is(
    refuge: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(state.parent)
    leave(refuge, some(5))
    bring_home(refuge, Path("state"), WALL_S)
    await work(Path("state"))
    assert len(rows(path_of(state, "cloud"))) == 5


async def test_a_move_that_was_cut_short_is_gone_on_with(refuge: Path, state: Path) -> None:
    leave(refuge, some(50))
    kept = shutil.copytree(refuge, refuge.with_name("kept"))
    bring_home(refuge, state, WALL_S)
    (moved,) = asides(path_of(state, "cloud"))
    (kept / LEAVING).mkdir()
    path_of(kept, "cloud").rename(kept / LEAVING / moved.path.name)
    log_of(path_of(kept, "cloud")).unlink()
    (state / DRAFT).write_bytes(b"half of it")
    bring_home(kept, state, WALL_S + 1)
    assert asides(path_of(state, "cloud")) == [moved]
    await work(state)
    assert rows(path_of(state, "cloud")) == as_rows(some(50))


async def test_each_run_in_memory_is_moved_beside_the_one_before(refuge: Path, state: Path) -> None:
    for first in (1, 101, 201):
        leave(refuge, [entry(number) for number in range(first, first + 100)])
        bring_home(refuge, state, WALL_S)
    assert len({aside.stamp for aside in asides(path_of(state, "cloud"))}) == 3
    await work(state)
    assert len(rows(path_of(state, "cloud"))) == 300


async def test_a_file_that_was_damaged_in_memory_goes_along(refuge: Path, state: Path) -> None:
    path = path_of(refuge, "cloud")
    build(path, some(20), log=False)
    overwrite(path, 0, bytes(100))
    async with opened(path) as rig:
        rig.stage()
        await rig.commit()
    bring_home(refuge, state, WALL_S)
    async with opened(path_of(state, "cloud")) as rig:
        await take_over(rig.outbox)
    async with rescuing(path_of(state, "cloud")):
        await is_over(path_of(state, "cloud"))
    assert len(rows(path_of(state, "cloud"))) == 21


async def test_a_rescue_that_was_begun_in_memory_goes_on_and_nothing_is_counted_twice(
    refuge: Path, state: Path
) -> None:
    await half_rescued(path_of(refuge, "cloud"), some(600))
    bring_home(refuge, state, WALL_S)
    path = path_of(state, "cloud")
    async with opened(path) as rig:
        await take_over(rig.outbox)
    async with rescuing(path) as (rig, _):
        await is_over(path)
        assert rig.outbox.depth()["lost"] == {"full": 7}
    assert len([row for row in rows(path) if row[3] == "reading"]) == 600


async def test_rows_behind_the_damage_in_a_log_in_memory_come_home(refuge: Path, state: Path) -> None:
    path = path_of(refuge, "cloud")
    build(path, some(300), each=20)
    flip(log_of(path), SECOND_FRAME)
    bring_home(refuge, state, WALL_S)
    async with opened(path_of(state, "cloud")) as rig:
        await take_over(rig.outbox)
    async with rescuing(path_of(state, "cloud")):
        await is_over(path_of(state, "cloud"))
    assert len(rows(path_of(state, "cloud"))) == 300


def test_a_move_gives_a_sign_of_life_with_each_piece(refuge: Path, state: Path) -> None:
    leave(refuge, some(3000, 2000))
    pieces = sum(file.stat().st_size for file in left(refuge)) // PIECE_BYTES
    signs = list[int]()
    bring_home(refuge, state, WALL_S, lambda: signs.append(1))
    assert len(signs) >= pieces > 2


async def test_what_a_disk_has_no_room_for_stays_in_memory(refuge: Path) -> None:
    leave(refuge, some(50))
    with pytest.raises(OSError, match="No such file"):
        bring_home(refuge, refuge / "gone", WALL_S)
    assert rows(path_of(refuge, "cloud")) == as_rows(some(50))
    assert asides(refuge / LEAVING / "outbox-cloud.db") == []


async def test_a_session_in_memory_follows_those_on_the_disk(refuge: Path, state: Path) -> None:
    build(path_of(state, "cloud"), some(5))
    date(path_of(state, "cloud"), 0)
    furnish(refuge, state, ["cloud"])
    async with opened(path_of(refuge, "cloud"), wall_s=SESSION - HOUR_S) as rig:
        assert rig.outbox.session > SESSION
        assert rig.outbox.store.file.journal_lost_s is not None
        first = rig.outbox.session
    bring_home(refuge, state, SESSION - HOUR_S)
    furnish(refuge, state, ["cloud"])
    async with opened(path_of(refuge, "cloud"), wall_s=SESSION - HOUR_S) as rig:
        assert rig.outbox.session > first


async def test_a_disk_that_can_not_even_be_looked_at_keeps_nobody_from_working_in_memory(
    refuge: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stat", "open", "scandir", "listdir"):
        monkeypatch.setattr(os, name, dead_below(state, getattr(os, name)))
    furnish(refuge, state, ["cloud"])
    async with opened(path_of(refuge, "cloud")) as rig:
        rig.stage()
        await rig.commit()
        assert len(rig.ids()) == 1


@pytest.mark.parametrize("memory", MEMORIES)
def test_what_was_learned_of_devices_and_far_ends_goes_there_and_back(refuge: Path, state: Path, memory: str) -> None:
    (state / memory).write_text('{"d":{"a":1}}')
    furnish(refuge, state, [])
    assert (refuge / memory).read_text() == '{"d":{"a":1}}'
    (refuge / memory).write_text('{"d":{"a":2}}')
    furnish(refuge, state, [])
    bring_home(refuge, state, WALL_S)
    assert (state / memory).read_text() == '{"d":{"a":2}}'
    assert not (refuge / memory).exists()
