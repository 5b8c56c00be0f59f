"""The lock of the state directory."""

import os
import re
from pathlib import Path

import pytest

from gateway.cli.state import InUse, owned

SOMEBODY = 4711
SECRET = "root:secret"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Somebody else's state directory."""
    folder = tmp_path / "state"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, SOMEBODY, SOMEBODY)
    return folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file that no lock is."""
    file = tmp_path / "victim"
    file.write_text(SECRET)
    return file


def assert_untouched(file: Path) -> None:
    assert file.read_text() == SECRET
    assert file.stat().st_uid == os.geteuid()


def test_a_symlink_in_the_locks_place_is_refused_and_leads_nowhere(theirs: Path, victim: Path) -> None:
    (theirs / "lock").symlink_to(victim)

    with pytest.raises(OSError, match=re.escape(f"it is a symlink, which the lock must not be: delete it: '{theirs}")):
        owned(theirs).__enter__()

    assert_untouched(victim)


def test_a_symlink_to_nothing_makes_nothing(theirs: Path, tmp_path: Path) -> None:
    (theirs / "lock").symlink_to(tmp_path / "made")

    with pytest.raises(OSError, match="it is a symlink"):
        owned(theirs).__enter__()

    assert not (tmp_path / "made").exists()


def test_another_name_of_a_file_in_the_locks_place_changes_nothing_of_it(theirs: Path, victim: Path) -> None:
    (theirs / "lock").hardlink_to(victim)

    with owned(theirs):
        pass

    assert_untouched(victim)


def test_a_lock_that_is_left_over_is_taken_by_one_at_a_time(theirs: Path) -> None:
    for _ in range(2):
        with owned(theirs), pytest.raises(InUse):
            owned(theirs).__enter__()
