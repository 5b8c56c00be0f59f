"""Where the socket is, and how it comes to be there."""

from __future__ import annotations

import grp
import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

NAME = "control.sock"

MAX_PATH_BYTES = 107
"""sun_path holds 108 bytes, the last of them 0 (unix(7))."""

MODE = 0o660
PRIVATE_MODE = 0o600

BACKLOG = 64
"""Connections that wait to be accepted."""


class ControlError(Exception):
    """The API can't be served; the text is a sentence that says why."""


class Place(NamedTuple):
    """A socket that listens, and which file it is."""

    listener: socket.socket
    path: Path
    file: tuple[int, int]

    def leave(self) -> None:
        """Close it and take its file away, unless another one's is there by now."""
        self.listener.close()
        with suppress(OSError):
            if _identity(self.path) == self.file:
                self.path.unlink()


def socket_path(state: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """In the runtime directory where systemd has made one, else in the state directory."""
    runtime = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return (Path(runtime) if runtime else state) / NAME


def take(path: Path, group: str | None) -> Place:
    """Listen there for the members of `group` (None: our own); raises ControlError."""
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise ControlError(f"{path} is too long for a socket: at most {MAX_PATH_BYTES} bytes; set RUNTIME_DIRECTORY")
    gid = _gid(group)
    try:
        _clear_the_way(path)
        return _made(path, gid)
    except OSError as error:
        raise ControlError(f"{path}: {error.strerror or error}") from None


def _gid(group: str | None) -> int:
    if group is None:
        return os.getegid()
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        raise ControlError(f"there is no group '{group}' on this machine") from None
    if os.geteuid() != 0 and gid not in {os.getegid(), *os.getgroups()}:
        raise ControlError(f"the gateway's user is no member of group '{group}', so it can't give the socket to it")
    return gid


def _clear_the_way(path: Path) -> None:
    """What a killed process has left may be replaced; nothing else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(f"{path} is in the way: it is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except BlockingIOError:
            pass  # its queue is full: somebody is there
    raise ControlError(f"{path} is in use by another process")


def _made(path: Path, gid: int) -> Place:
    """Under another name until it is as it must be: nobody may come in before.

    A socket's file takes the mode that the socket has when it is bound, less the umask.
    """
    private = path.with_name(path.name[:-1] + "~")
    private.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        os.fchmod(listener.fileno(), PRIVATE_MODE)
        listener.bind(os.fspath(private))
        os.chown(private, -1, gid)
        private.chmod(MODE)
        listener.listen(BACKLOG)
        private.replace(path)
        return Place(listener, path, _identity(path))
    except OSError:
        listener.close()
        private.unlink(missing_ok=True)
        raise


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
