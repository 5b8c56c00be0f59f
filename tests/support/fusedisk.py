"""A disk in a test's hands, a process of its own: a FUSE file system that hangs, refuses or loses power when told.

    python -m tests.support.fusedisk folder MOUNTPOINT FOLDER
    python -m tests.support.fusedisk image MOUNTPOINT VIEW DURABLE SEED

Each line on stdin is a command, answered by a line on stdout; when stdin ends, so does the process.
"""

import errno
import functools
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import mfusepy

from tests.support.volatile import VolatileImage

LOOK_S = 0.02
"""How soon an operation that hangs sees that its process was killed."""

THREADS = 64
"""Operations that may hang at once; one more would keep the kernel's word that a process was killed from being read."""

READY = "ready"

P = ParamSpec("P")
R = TypeVar("R")


class Faults:
    """What is wrong with the disk."""

    def __init__(self) -> None:
        self._flowing = threading.Event()
        self._flowing.set()
        self._code = 0

    def hang(self) -> None:
        """Answer nothing from now on, but to a process that is killed."""
        self._flowing.clear()

    def release(self) -> None:
        """Answer again, first what was held back."""
        self._flowing.set()

    def refuse(self, name: str) -> None:
        """Answer changes with this error, named as in errno."""
        self._code = getattr(errno, name)

    def accept(self) -> None:
        """Take changes again."""
        self._code = 0

    def look(self) -> None:
        """Before whatever an operation does."""
        while not self._flowing.wait(LOOK_S):
            if mfusepy._libfuse.fuse_interrupted():
                raise OSError(errno.EINTR, "killed")

    def look_before_change(self) -> None:
        """Before an operation that changes what is on the disk."""
        self.look()
        if self._code:
            raise OSError(self._code, os.strerror(self._code))


def reads(
    operation: Callable[Concatenate[Any, P], R], look: Callable[[Faults], None] = Faults.look
) -> Callable[Concatenate[Any, P], R]:
    """Hangs with the disk."""

    @functools.wraps(operation)
    def faulty(disk: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        look(disk.faults)
        return operation(disk, *args, **kwargs)

    return faulty


def changes(operation: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Hangs with the disk, and refuses when it does."""
    return reads(operation, Faults.look_before_change)


class Folder:
    """What lies in a folder elsewhere. Pages are cached: SQLite maps its -shm file.

    Nothing is told when a file is closed: a process that is killed would wait for the answer, whatever happens to it.
    """

    use_ns = True
    options = {"hard_remove": True}

    def __init__(self, folder: str) -> None:
        self.faults = Faults()
        self.orders = {name: getattr(self.faults, name) for name in ("hang", "release", "refuse", "accept")}
        self._folder = folder

    @reads
    def getattr(self, path: str | None, info: Any = None) -> dict[str, int]:
        found = os.fstat(info.fh) if info is not None else os.lstat(self._real(path))
        names = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_blocks")
        times = {f"st_{name}": getattr(found, f"st_{name}_ns") for name in ("atime", "mtime", "ctime")}
        return {name: getattr(found, name) for name in names} | times

    @reads
    def readdir(self, path: str, _fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._real(path))]  # noqa: PTH208 -- names are what is asked for

    @reads
    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real(path))
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_namemax")
        return {name: getattr(found, name) for name in names}

    @reads
    def open(self, path: str, info: Any) -> None:
        if info.flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC):
            self.faults.look_before_change()
        self._open(path, info)

    @reads
    def read(self, _path: str | None, size: int, offset: int, info: Any) -> bytes:
        return os.pread(info.fh, size, offset)

    def release(self, _path: str | None, info: Any) -> None:
        os.close(info.fh)

    @changes
    def create(self, path: str, mode: int, info: Any) -> None:
        self._open(path, info, mode)

    def write(self, _path: str | None, data: bytes, offset: int, info: Any) -> int:
        if not info.writepage:  # by the kernel itself, of a mapped file: a process that is killed waits for this too
            self.faults.look_before_change()
        return os.pwrite(info.fh, data, offset)

    @changes
    def fsync(self, _path: str | None, _datasync: int, _info: Any) -> None:
        """What is in this machine's memory is safe enough: here the power is not cut."""

    @changes
    def fsyncdir(self, _path: str | None, _datasync: int, _info: Any) -> None:
        """As `fsync`."""

    @changes
    def truncate(self, path: str | None, length: int) -> None:
        os.truncate(self._real(path), length)

    @changes
    def unlink(self, path: str) -> None:
        os.unlink(self._real(path))  # noqa: PTH108 -- paths are texts here

    @changes
    def rename(self, old: str, new: str) -> None:
        os.replace(self._real(old), self._real(new))  # noqa: PTH105 -- paths are texts here

    @changes
    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self._real(path), mode)  # noqa: PTH101 -- paths are texts here

    @changes
    def utimens(self, path: str, times: tuple[int, int]) -> None:
        os.utime(self._real(path), ns=times)

    def _open(self, path: str, info: Any, mode: int | None = None) -> None:
        """Without O_APPEND: the kernel says where to write."""
        create = os.O_CREAT if mode is not None else 0
        info.fh = os.open(self._real(path), info.flags & ~os.O_APPEND | create, mode or 0)
        info.keep_cache = info.noflush = True

    def _real(self, path: str | None) -> str:
        assert path is not None
        return self._folder + path


class Image:
    """One file, `disk`, whose writes wait in a cache until they are flushed; to be mounted as a loop device."""

    use_ns = True
    options: dict[str, bool] = {}

    def __init__(self, view: str, durable: str, seed: str) -> None:
        self.image = VolatileImage(Path(view), Path(durable), int(seed))
        self.orders = {"cut": self.image.cut}

    def getattr(self, path: str, _info: Any = None) -> dict[str, int]:
        if path == "/":
            return {"st_mode": 0o040755, "st_nlink": 2}
        if path == "/disk":
            return {"st_mode": 0o100600, "st_nlink": 1, "st_size": self.image.size}
        raise OSError(errno.ENOENT, path)

    def readdir(self, _path: str, _fh: int) -> list[str]:
        return [".", "..", "disk"]

    def open(self, _path: str, info: Any) -> None:
        info.direct_io = True

    def read(self, _path: str, size: int, offset: int, _info: Any) -> bytes:
        return self.image.read(size, offset)

    def write(self, _path: str, data: bytes, offset: int, _info: Any) -> int:
        return self.image.write(data, offset)

    def fsync(self, _path: str, _datasync: int, _info: Any) -> None:
        self.image.flush()


def obey(orders: dict[str, Callable[..., Any]]) -> None:
    """Do what stdin says, and end the process with it: what hangs then would hang for ever."""
    for line in sys.stdin:
        name, *arguments = line.split()
        say(orders[name](*arguments))
    os._exit(0)


def say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    kind, mountpoint, *arguments = sys.argv[1:]
    disk = {"folder": Folder, "image": Image}[kind](*arguments)
    disk.init = lambda _path: say(READY)
    threading.Thread(target=obey, args=[disk.orders], name="orders", daemon=True).start()
    mfusepy.FUSE(disk, mountpoint, foreground=True, fsname="fusedisk", raw_fi=True, max_threads=THREADS, **disk.options)


if __name__ == "__main__":
    main()
