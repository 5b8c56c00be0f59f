"""Disks under a daemon's state directory that a test can break."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.fusedisk import READY
from tests.support.repo import ROOT

IMAGE_BYTES = 64 * 1024**2
"""Room for an outbox and the smallest journal that ext4 makes."""


def need_fuse() -> None:
    """Skip the test where this machine has no FUSE for us."""
    if shutil.which("fusermount3") is None:
        pytest.skip("fusermount3 is missing: apt-get install fuse3")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("/dev/fuse is missing or closed to this user")


def need_loop_devices() -> None:
    """Skip the test where a file can't be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file")
    if not Path("/dev/loop-control").exists():
        pytest.skip("this machine has no loop devices")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory mounted there, as `mount` writes sizes; the test is skipped where that can't be done."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"root can't mount here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class FuseProcess:
    """A file system of `tests.support.fusedisk`, mounted as long as it runs."""

    def __init__(self, kind: str, mountpoint: Path, *arguments: object) -> None:
        self._mountpoint = mountpoint
        mountpoint.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.support.fusedisk", kind, str(mountpoint), *map(str, arguments)]
        self._popen = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        said = self._hear()
        if said != READY:
            why = self._popen.communicate()[1].strip()
            if "not permitted" in why:
                pytest.skip(f"no file system can be mounted here: {why}")
            raise AssertionError(why)

    def tell(self, *order: object) -> Any:
        """Give an order and return its answer."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(" ".join(map(str, order)) + "\n")
        self._popen.stdin.flush()
        return self._hear()

    def end(self) -> None:
        """Whatever still hangs gets an error."""
        self._popen.communicate()
        unmount = ["umount", "--lazy"] if os.geteuid() == 0 else ["fusermount3", "-u", "-z"]
        subprocess.run([*unmount, self._mountpoint], check=True)

    def _hear(self) -> Any:
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        return json.loads(line) if line else None


class FaultyFolder:
    """A folder whose disk hangs or refuses when told."""

    def __init__(self, mountpoint: Path, folder: Path) -> None:
        folder.mkdir()
        self._fuse = FuseProcess("folder", mountpoint, folder)

    def hang(self) -> None:
        """Answer nothing, but to a process that is killed."""
        self._fuse.tell("hang")

    def release(self) -> None:
        """Answer again, first what was held back."""
        self._fuse.tell("release")

    def refuse(self, error: str) -> None:
        """Answer every change with this error, named as in errno."""
        self._fuse.tell("refuse", error)

    def accept(self) -> None:
        """Take changes again."""
        self._fuse.tell("accept")

    def end(self) -> None:
        self._fuse.end()


class PowerDisk:
    """An ext4 file system on a disk with a write cache, whose power can be cut."""

    def __init__(self, mountpoint: Path, folder: Path, seed: int) -> None:
        self._mountpoint = mountpoint
        mountpoint.mkdir()
        self._durable, view = folder / "durable.img", folder / "view.img"
        with self._durable.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", self._durable], check=True)
        subprocess.run(["cp", "--sparse=always", self._durable, view], check=True)
        self._fuse: FuseProcess | None = FuseProcess("image", folder / "fuse", view, self._durable, seed)
        self._mount(folder / "fuse" / "disk")

    def cut(self) -> dict[str, int]:
        """The power goes, now; returns how many cached blocks were kept, lost and torn."""
        assert self._fuse is not None
        fates: dict[str, int] = self._fuse.tell("cut")
        return fates

    def power_up(self) -> None:
        """After a cut, and when nobody uses it any more: what was durable is there again."""
        self._unmount()
        self._mount(self._durable)

    def end(self) -> None:
        self._unmount()

    def _mount(self, image: Path) -> None:
        mounted = subprocess.run(
            ["mount", "-o", "loop", image, self._mountpoint], capture_output=True, text=True, check=False
        )
        if mounted.returncode and self._fuse is not None:
            self._fuse.end()
            pytest.skip(f"root can't mount here: {mounted.stderr.strip()}")
        assert mounted.returncode == 0, mounted.stderr

    def _unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self._mountpoint], check=True)
        if self._fuse is not None:
            self._fuse.end()
            self._fuse = None
