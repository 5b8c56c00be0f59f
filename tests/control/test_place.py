"""Where the socket is, and who may use it."""

import grp
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.control.place import MAX_PATH_BYTES, ControlError, Place, socket_path, take


@contextmanager
def taken(path: Path, group: str | None = None) -> Iterator[Place]:
    place = take(path, group)
    try:
        yield place
    finally:
        place.leave()


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def test_it_is_in_the_runtime_directory_where_there_is_one(tmp_path: Path) -> None:
    assert socket_path(tmp_path, {}) == tmp_path / "control.sock"
    assert socket_path(tmp_path, {"RUNTIME_DIRECTORY": ""}) == tmp_path / "control.sock"
    assert socket_path(tmp_path, {"RUNTIME_DIRECTORY": "/run/a:/run/b"}) == Path("/run/a/control.sock")


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_it_is_open_to_its_owner_and_group_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with taken(tmp_path / "control.sock") as place:
            found = place.path.stat()
    finally:
        os.umask(before)

    assert stat.S_IMODE(found.st_mode) == 0o660
    assert found.st_gid == os.getegid()


def test_nobody_gets_in_before_it_is_as_it_must_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    chown = os.chown

    def look(path: Path, uid: int, gid: int) -> None:
        seen.extend((file.name, stat.S_IMODE(file.stat().st_mode)) for file in tmp_path.iterdir())
        chown(path, uid, gid)

    monkeypatch.setattr(os, "chown", look)
    before = os.umask(0)
    try:
        with taken(tmp_path / "control.sock"):
            pass
    finally:
        os.umask(before)

    assert seen == [("control.soc~", 0o600)]


@pytest.mark.root
def test_it_belongs_to_the_group_that_is_configured(tmp_path: Path) -> None:
    with taken(tmp_path / "control.sock", "daemon") as place:
        assert place.path.stat().st_gid == grp.getgrnam("daemon").gr_gid


def test_a_group_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="there is no group 'nobody-has-this' on this machine"):
        take(tmp_path / "control.sock", "nobody-has-this")


def test_a_group_that_is_not_ours_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    monkeypatch.setattr(os, "getegid", lambda: 1_000)
    monkeypatch.setattr(os, "getgroups", lambda: [1_000])

    with pytest.raises(ControlError, match="the gateway's user is no member of group 'daemon'"):
        take(tmp_path / "control.sock", "daemon")


def test_at_its_end_it_is_gone(tmp_path: Path) -> None:
    with taken(tmp_path / "control.sock"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_left_is_replaced(tmp_path: Path) -> None:
    for name in ("control.sock", "control.soc~"):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / name))

    with taken(tmp_path / "control.sock") as place:
        assert connects(place.path)


def test_one_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    with taken(tmp_path / "control.sock") as place:
        with pytest.raises(ControlError, match="in use by another process"):
            take(place.path, None)
        assert connects(place.path)


def test_one_whose_queue_is_full_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as waiting:
        other.bind(str(path))
        other.listen(0)
        waiting.connect(str(path))
        with pytest.raises(ControlError, match="in use by another process"):
            take(path, None)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "control.sock"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ControlError, match="is in the way: it is no socket"):
        take(path, None)
    assert [file.name for file in tmp_path.iterdir()] == ["control.sock"]


def test_at_its_end_another_ones_socket_stays(tmp_path: Path) -> None:
    place = take(tmp_path / "control.sock", None)
    place.path.unlink()
    with taken(place.path):
        place.leave()
        assert connects(place.path)


def folder_of_length(folder: Path, total: int) -> Path:
    """A folder in which the socket's path has so many bytes."""
    missing = total - len(os.fsencode(folder / "x" / "control.sock"))
    long = folder / ("x" * (missing + 1))
    long.mkdir()
    return long / "control.sock"


def test_the_longest_path_works_and_a_longer_one_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("p")
    with taken(folder_of_length(folder, MAX_PATH_BYTES)) as place:
        assert connects(place.path)

    with pytest.raises(ControlError, match="is too long for a socket: at most 107 bytes"):
        take(folder_of_length(folder, MAX_PATH_BYTES + 1), None)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"nowhere/control\.sock: No such file or directory"):
        take(tmp_path / "nowhere" / "control.sock", None)


def test_a_disk_that_refuses_is_told_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ControlError, match=r"control\.sock: Read-only file system"):
        take(tmp_path / "control.sock", None)

    assert list(tmp_path.iterdir()) == []


def test_it_can_be_taken_from_any_thread(tmp_path: Path) -> None:
    places: list[Place] = []
    thread = threading.Thread(target=lambda: places.append(take(tmp_path / "control.sock", None)))
    thread.start()
    thread.join()

    assert connects(places[0].path)
    places[0].leave()
