"""Who says whether the clock is right, and when."""

import asyncio
import ctypes
import time
from pathlib import Path

import pytest

from gateway import clock
from gateway.clock import TIME_ERROR, WallClock, boot_ms, kernel_is_synced, now_ms


def denied() -> bool:
    raise PermissionError("adjtimex: EPERM")


def test_a_trusted_clock_is_believed_at_once() -> None:
    wall = WallClock("trusted")

    assert (wall.is_synced, wall.state) == (True, "trusted")
    assert abs(wall.ahead_ms - (now_ms() - boot_ms())) <= 1


def test_a_file_says_that_the_clock_is_right_by_being_there(tmp_path: Path) -> None:
    mark = tmp_path / "right"
    wall = WallClock(str(mark))
    assert (wall.is_synced, wall.state) == (False, "unsynced")

    mark.touch()
    assert wall.look()
    assert wall.state == "synced"


def test_a_clock_that_was_believed_stays_so(tmp_path: Path) -> None:
    mark = tmp_path / "right"
    mark.touch()
    wall = WallClock(str(mark))

    mark.unlink()
    assert wall.look()
    assert wall.state == "synced"


def test_who_asked_is_told_once_what_the_clock_has_moved_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, told = tmp_path / "right", list[int]()
    wall = WallClock(str(mark))
    wall.on_synced.append(told.append)
    began_ms = now_ms() - boot_ms()

    monkeypatch.setattr(clock, "now_ms", lambda: boot_ms() + began_ms + 5_000_000)
    mark.touch()
    assert wall.look()
    assert wall.look()

    assert [round(moved_ms, -1) for moved_ms in told] == [5_000_000]


async def test_a_wrong_clock_is_watched_until_it_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LOOK_S", 0.001)
    mark = tmp_path / "right"
    wall = WallClock(str(mark))
    watch = asyncio.create_task(wall.watch())
    await asyncio.sleep(0)
    assert not watch.done()

    mark.touch()
    async with asyncio.timeout(10):
        await watch
    assert wall.is_synced


def test_the_kernel_is_asked_as_the_c_library_would() -> None:
    library = ctypes.CDLL(None)
    room = ctypes.create_string_buffer(512)

    assert kernel_is_synced() == (library.adjtimex(room) != TIME_ERROR)


@pytest.mark.parametrize(("exists", "state"), [(True, "synced"), (False, "unsynced")])
def test_where_the_kernel_may_not_be_asked_timesyncd_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exists: bool, state: str
) -> None:
    monkeypatch.setattr(clock, "kernel_is_synced", denied)
    if exists:
        (tmp_path / "synchronized").touch()

    wall = WallClock("kernel", timesync=tmp_path)

    assert wall.state == state


def test_where_nobody_can_tell_the_clock_is_believed_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "kernel_is_synced", denied)

    wall = WallClock("kernel", timesync=tmp_path / "none")

    assert (wall.is_synced, wall.state) == (True, "unknown")


def test_the_time_since_boot_does_not_follow_the_clock() -> None:
    assert abs(boot_ms() / 1000 - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1


def test_all_clocks_of_a_boot_have_its_number() -> None:
    first, second = WallClock("trusted"), WallClock("trusted")

    assert first.boot == second.boot
    assert 0 < first.boot < 2**63


def test_a_boot_that_can_not_be_told_has_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "BOOT_ID", tmp_path / "none")

    assert WallClock("trusted").boot == 0
