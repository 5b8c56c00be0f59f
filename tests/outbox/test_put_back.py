"""A file that was deleted or replaced in use is put back whole, wherever that is cut."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Gap
from gateway.outbox.disk.aside import asides, back_of, draft_of, log_of
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.rescue.adoption import adopt, path_of
from tests.outbox.setup import WALL_S, query
from tests.outbox.wrecks import SESSION, build, entry, is_over, meta, rescuing

CLAIM = "INSERT INTO journal VALUES (?, 'd', 1, NULL, NULL, NULL)"

OLD, STRANGE = 400, 7
"""Rows of the file; the number of the one in another."""


def lose_both(path: Path) -> None:
    path.unlink()
    log_of(path).unlink()


def lose_file(path: Path) -> None:
    path.unlink()


def lose_log(path: Path) -> None:
    log_of(path).unlink()


def replace(path: Path) -> None:
    stranger(path).rename(path)


def replace_both(path: Path) -> None:
    log_of(path).unlink()
    stranger(path).rename(path)


def stranger(path: Path) -> Path:
    other = path.with_name("stranger.db")
    build(other, [entry(10**5 + STRANGE)], log=False)
    log_of(other).unlink()
    return other


LOSSES = (lose_both, lose_file, lose_log, replace, replace_both)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return path_of(tmp_path / "state", "cloud")


class Cuts:
    """The state directory as it was before each change to its names and each flush."""

    def __init__(self, path: Path, into: Path) -> None:
        self.paths: list[Path] = []
        self._path, self._into = path, into
        self.fail_at: int | None = None
        """From 0: this one raises instead."""
        self._count = 0

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def cut(*arguments: Any, **named: Any) -> Any:
            self._count += 1
            if self.fail_at == self._count - 1:
                raise OSError("the disk refuses")
            if self.fail_at is None:
                copy = self._into / f"cut-{self._count}"
                shutil.copytree(self._path.parent, copy)
                self.paths.append(copy / self._path.name)
            return call(*arguments, **named)

        return cut


@pytest.fixture
def cuts(path: Path, tmp_path: Path) -> Cuts:
    return Cuts(path, tmp_path)


async def at_work(path: Path) -> Store:
    """Rows and a claim in the file, others in its log."""
    store = Store(path, lambda: WALL_S)
    await store.open(WALL_S)
    await store.write([(CLAIM, [("in-file",)]), *insert_statements([entry(n) for n in range(1, OLD)])])
    await store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    await store.write([(CLAIM, [("in-log",)]), *insert_statements([entry(OLD)])])
    return store


async def open_and_close(path: Path) -> int:
    """Returns the session."""
    store = Store(path, lambda: WALL_S)
    opened = await store.open(WALL_S)
    await store.close(clean=True)
    return opened.session


async def put_back(store: Store, monkeypatch: pytest.MonkeyPatch, cuts: Cuts) -> None:
    store.file._looked_s = 0.0
    with monkeypatch.context() as patch:
        for name in ("rename", "unlink", "fsync"):
            patch.setattr(os, name, cuts.before(getattr(os, name)))
        await store.write(insert_statements([entry(OLD + 1)]))


async def assert_all_there(path: Path, numbers: int) -> list[Gap]:
    """After a new start and its rescue; returns what was told."""
    async with rescuing(path, max_size="64MiB", max_age="3650d") as (rig, _):
        await is_over(path)
        await rig.settle()
        found = [row[0] for row in rig.query("SELECT seq FROM envelope WHERE session = ? ORDER BY id", SESSION)]
        assert [seq for seq in found if seq <= OLD + 1] == list(range(1, numbers + 1))
        assert sorted(rig.query("SELECT id FROM journal")) == [("in-file",), ("in-log",)]
        assert meta(path)["journal_lost"] == 0
        assert not back_of(path).exists()
        assert not draft_of(path).exists()
        rig.assert_counted()
        return list(rig.gaps)


@pytest.mark.parametrize("lose", LOSSES)
async def test_a_start_after_a_cut_finds_all_that_was_in_a_file_deleted_in_use(
    path: Path, cuts: Cuts, monkeypatch: pytest.MonkeyPatch, lose: Callable[[Path], None]
) -> None:
    store = await at_work(path)
    lose(path)
    await put_back(store, monkeypatch, cuts)
    await store.close(clean=True)
    begun = [cut for cut in cuts.paths if back_of(cut).exists()]
    assert len(begun) >= 3
    assert back_of(begun[0]).read_bytes()[18:20] == bytes([2, 2]), "no journal is left by a cut in its first opening"
    for cut in begun:
        assert await assert_all_there(cut, OLD) == []
    for cut in cuts.paths[: cuts.paths.index(begun[0])]:
        await open_and_close(cut)
    assert await assert_all_there(path, OLD + 1) == []


@pytest.mark.parametrize("lose", LOSSES)
async def test_a_disk_that_refuses_while_a_file_is_put_back_is_asked_again(
    path: Path, cuts: Cuts, monkeypatch: pytest.MonkeyPatch, lose: Callable[[Path], None]
) -> None:
    store = await at_work(path)
    lose(path)
    tries = 0
    for tries in range(100):
        cuts.fail_at, cuts._count = tries, 0
        try:
            await put_back(store, monkeypatch, cuts)
            break
        except StoreError:
            pass
    assert tries > 5
    await store.close(clean=True)
    assert len(asides(path)) == (lose in (replace, replace_both))
    assert await assert_all_there(path, OLD + 1) == []


async def test_a_deleted_file_that_comes_back_by_a_power_cut_gives_place_to_what_was_in_it(
    path: Path, cuts: Cuts, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await at_work(path)
    for file in (path, log_of(path)):
        shutil.copy(file, file.with_name(f"{file.name}.before"))
    lose_both(path)
    await put_back(store, monkeypatch, cuts)
    await store.close(clean=True)
    cut = next(cut for cut in cuts.paths if back_of(cut).exists())
    for file in (cut, log_of(cut)):
        file.with_name(f"{file.name}.before").rename(file)
    assert await assert_all_there(cut, OLD) == []
    (aside,) = asides(cut)
    assert aside.log.exists()


async def test_what_was_cut_in_a_session_ahead_of_the_clock_is_followed_by_a_higher_one(path: Path) -> None:
    build(back_of(path), [entry(1)], log=False)
    log_of(back_of(path)).unlink()
    build(path, [entry(2)], log=False)
    query(path, "UPDATE meta SET value = ? WHERE key = 'session'", int(WALL_S) + 500)
    assert await open_and_close(path) > int(WALL_S) + 500


@pytest.mark.parametrize("name", ["cloud", "hub"])
async def test_an_endpoint_with_another_name_adopts_what_was_being_put_back(path: Path, name: str) -> None:
    old, own = path, path_of(path.parent, "hub")
    cut = {"cloud": old, "hub": own}[name]
    build(cut, [entry(1)], log=False)
    query(cut, CLAIM, "claimed")
    cut.rename(back_of(cut))
    adopt(path.parent, "hub", "cloud", WALL_S)
    store = Store(own, lambda: WALL_S)
    await store.open(WALL_S)
    assert await store.rows("SELECT id FROM journal") == [("claimed",)]
    await store.close(clean=True)
    assert not back_of(cut).exists()


async def test_a_draft_that_a_power_cut_has_left_does_not_stay(path: Path) -> None:
    build(path, [entry(1)], log=False)
    for suffix in ("", "-journal", "-wal", "-shm"):
        draft_of(path).with_name(draft_of(path).name + suffix).write_bytes(bytes(5000))
    await open_and_close(path)
    assert list(path.parent.glob("*.new*")) == []
