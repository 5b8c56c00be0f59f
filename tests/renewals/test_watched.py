"""Files that are exchanged, in all the ways in which that is done: told once, and only when they rest."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.stamp import stamp_of
from gateway.watched import Watched


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "client.pem"
    path.write_text("old")
    return path


def watching(*paths: Path) -> Watched:
    watched = Watched(paths, {})
    watched.begin()
    return watched


def looks(watched: Watched, count: int = 3) -> list[list[Path]]:
    return [list(watched.look()) for _ in range(count)]


def in_place(file: Path) -> None:
    file.write_text("new content")


def by_rename(file: Path) -> None:
    file.with_suffix(".new").write_text("new")
    file.with_suffix(".new").replace(file)


def by_rename_with_the_same_time(file: Path) -> None:
    before = file.stat()
    by_rename(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_removing_it_first(file: Path) -> None:
    file.unlink()
    file.write_text("another")


@pytest.mark.parametrize("change", [in_place, by_rename, by_rename_with_the_same_time, by_removing_it_first])
def test_a_change_is_told_once_as_soon_as_the_file_has_rested(file: Path, change: Callable[[Path], None]) -> None:
    watched = watching(file)
    assert looks(watched, 2) == [[], []]
    change(file)
    assert looks(watched) == [[], [file], []]
    change(file)
    file.write_text("and again")
    assert looks(watched) == [[], [file], []]


def test_a_swapped_folder_behind_a_symlink_is_a_change(tmp_path: Path) -> None:
    """As Kubernetes mounts secrets: ..data leads to a folder with a time in its name."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "tls.crt").write_text(version)
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    watched = watching(tmp_path / "tls.crt")
    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").replace(tmp_path / "..data")
    shutil.rmtree(tmp_path / "1")
    assert looks(watched) == [[], [tmp_path / "tls.crt"], []]


def test_while_it_is_being_written_nothing_is_told(file: Path) -> None:
    watched = watching(file)
    for length in range(1, 5):
        file.write_text("n" * 10 * length)
        assert looks(watched, 1) == [[]]
    assert looks(watched, 2) == [[file], []]


def test_that_it_is_missing_for_a_while_is_no_change(file: Path) -> None:
    watched = watching(file)
    file.rename(file.with_suffix(".away"))
    assert looks(watched) == [[], [], []]
    file.with_suffix(".away").rename(file)
    assert looks(watched) == [[], [], []]
    file.unlink()
    assert looks(watched, 1) == [[]]
    file.write_text("new")
    assert looks(watched) == [[], [file], []]


def test_the_same_content_written_again_is_no_change(file: Path) -> None:
    watched = watching(file)
    os.utime(file)
    assert looks(watched) == [[], [], []]
    by_rename(file)
    file.write_text("old")
    assert looks(watched) == [[], [], []]


def test_who_may_read_it_is_part_of_it(file: Path) -> None:
    """What can't be used for its rights is mended by chmod alone."""
    watched = watching(file)
    file.chmod(0o600)
    assert looks(watched) == [[], [file], []]


def test_one_that_is_there_only_later_is_told(tmp_path: Path) -> None:
    watched = watching(tmp_path / "client.pem")
    assert looks(watched) == [[], [], []]
    (tmp_path / "client.pem").write_text("x")
    assert looks(watched) == [[], [tmp_path / "client.pem"], []]


def test_a_folder_or_pipe_in_its_place_is_like_nothing(file: Path) -> None:
    watched = watching(file)
    file.unlink()
    os.mkfifo(file)
    assert looks(watched) == [[], [], []]
    file.unlink()
    file.mkdir()
    assert looks(watched) == [[], [], []]


def test_one_that_was_read_earlier_counts_as_it_was_then(file: Path) -> None:
    was = stamp_of(file)
    file.write_text("changed before anybody looked")
    watched = Watched([], {file: was})
    watched.begin()
    assert looks(watched) == [[], [file], []]
    watched.also({file: None, file.with_suffix(".key"): None})
    file.with_suffix(".key").write_text("k")
    assert looks(watched) == [[], [file.with_suffix(".key")], []]
