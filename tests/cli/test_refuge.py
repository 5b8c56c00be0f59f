"""The folder in memory is the daemon's own, wherever it lies."""

import os
from pathlib import Path

import pytest

from gateway.cli.refuge import SHARED_MEMORY, is_ours, made, places

SOMEBODY = 4711


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it is to be."""
    return tmp_path / "fieldgate-1"


def test_it_is_made_for_its_owner_alone(folder: Path) -> None:
    assert made([folder]) == folder
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_one_of_a_run_before_is_used_again(folder: Path) -> None:
    made([folder])
    (folder / "outbox-cloud.db").touch()
    assert made([folder]) == folder
    assert (folder / "outbox-cloud.db").exists()


def test_a_symlink_is_not_followed(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir(0o700)
    folder.symlink_to(target)
    assert made([folder]) is None
    assert list(target.iterdir()) == []


def test_a_symlink_to_nothing_makes_nothing(folder: Path, tmp_path: Path) -> None:
    folder.symlink_to(tmp_path / "elsewhere")
    assert made([folder]) is None
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_not_used(folder: Path) -> None:
    folder.mkdir(0o700)
    os.chown(folder, SOMEBODY, SOMEBODY)
    assert made([folder]) is None


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_may_look_into_is_not_used(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    assert made([folder]) is None


def test_a_folder_whose_group_is_inherited_is_used(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o2700)
    assert made([folder]) == folder


def test_a_file_in_its_place_is_not_used(folder: Path) -> None:
    folder.touch(0o700)
    assert made([folder]) is None
    assert not is_ours(folder)


def test_the_next_place_is_taken_where_the_first_one_can_not_be(folder: Path, tmp_path: Path) -> None:
    assert made([tmp_path / "missing" / "folder", folder]) == folder


def test_systemds_place_is_the_best_and_each_state_directory_has_its_own(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = places(tmp_path / "a", {"RUNTIME_DIRECTORY": f"{run}:/run/other"})
    assert (first.parent, second.parent) == (run, SHARED_MEMORY)
    assert list(places(tmp_path / "a", {})) == [second]
    assert list(places(tmp_path / "x" / ".." / "a", {})) == [second]
    assert list(places(tmp_path / "b", {})) != [second]
