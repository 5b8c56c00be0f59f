"""A state directory whose disk refuses, and how that is told from a right that is missing."""

import errno
import fcntl
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.home import PROBE, Home
from gateway.cli.state import InUse, owned
from gateway.outbox.disk.store import StoreError
from tests.support.disk import small_disk

MIB = 1024**2


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """On a disk of 4 MiB."""
    with small_disk(tmp_path / "state", "4m") as folder:
        yield folder


def remount(state: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", state], check=True)


def refused(code: int) -> StoreError:
    """As a store says what SQLite said."""
    cause = sqlite3.OperationalError("refused")
    cause.sqlite_errorcode = code
    error = StoreError("outbox-cloud.db: refused")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("name", ["EROFS", "EIO", "ENOSPC", "EDQUOT", "EUCLEAN", "EBADMSG", "ESTALE", "ENOTCONN"])
def test_a_disk_is_at_fault_where_the_system_says_so(tmp_path: Path, name: str) -> None:
    assert Home(tmp_path).refuses(OSError(getattr(errno, name), "refused"))


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_FULL])
def test_a_disk_is_at_fault_where_sqlite_says_so(tmp_path: Path, code: int) -> None:
    assert Home(tmp_path).refuses(refused(code))


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "denied"),
        NotADirectoryError(errno.ENOTDIR, "no folder"),
        StoreError("not open"),
        refused(sqlite3.SQLITE_READONLY),
        refused(sqlite3.SQLITE_CANTOPEN),
        refused(sqlite3.SQLITE_BUSY),
    ],
)
def test_a_disk_that_takes_writes_is_not_at_fault(tmp_path: Path, error: Exception) -> None:
    assert not Home(tmp_path).refuses(error)
    assert not (tmp_path / PROBE).exists()


@pytest.mark.root
@pytest.mark.parametrize("code", [sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN])
def test_what_sqlite_says_of_a_disk_that_takes_no_writes_is_its_fault(state: Path, code: int) -> None:
    remount(state, "ro")
    assert Home(state).refuses(refused(code))


@pytest.mark.root
def test_it_is_locked_again_once_the_disk_takes_writes(state: Path) -> None:
    remount(state, "ro")
    with Home(state) as home:
        assert not home.retake(0)
        remount(state, "rw")
        assert home.retake(0)
        with pytest.raises(InUse):
            owned(state).__enter__()
    with owned(state):
        pass


@pytest.mark.root
def test_a_disk_without_room_for_what_is_to_come_is_left_alone(state: Path) -> None:
    with Home(state) as home:
        assert not home.retake(2 * MIB)
        assert home.retake(MIB)
    assert [path.name for path in state.iterdir()] == ["lock"]


def test_a_directory_that_somebody_works_in_is_left_alone(tmp_path: Path) -> None:
    with owned(tmp_path), Home(tmp_path) as home:
        assert not home.retake(0)


@pytest.mark.root
def test_a_lock_on_a_disk_that_takes_no_writes_any_more_is_still_held(state: Path) -> None:
    (state / "lock").touch()
    with (state / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remount(state, "ro")
        with pytest.raises(InUse):
            Home(state).take()
    with pytest.raises(OSError, match="Read-only"):
        Home(state).take()
