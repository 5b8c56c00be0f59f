"""The state directory as a place that may refuse to be worked in, for a while."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.cli.state import InUse, owned
from gateway.outbox.disk.aside import sync_folder
from gateway.outbox.disk.ballast import BALLAST_BYTES
from gateway.outbox.disk.opening import is_fault_of_disk

PROBE = "probe"
"""Of the files in the state directory, the one that shows whether there can be any."""

ROOM_SHARE = 2
"""What is moved there is there twice until it is rescued."""


class Home:
    """Locked while this process works in it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._lock: ExitStack | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.leave()

    def take(self) -> None:
        """Lock it, if it is not locked yet; raises InUse, OSError."""
        if self._lock is None:
            with ExitStack() as stack:
                stack.enter_context(owned(self.state))
                self._lock = stack.pop_all()

    def leave(self) -> None:
        """Unlock it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def retake(self, coming_bytes: int) -> bool:
        """Lock it if its disk takes writes again, and so many bytes; waits for it."""
        try:
            self.take()
            _try(self.state, ROOM_SHARE * coming_bytes + BALLAST_BYTES)
        except (InUse, OSError):
            self.leave()
            return False
        return True

    def refuses(self, error: Exception) -> bool:
        """Whether this error is one of its disk, not of rights or of what files hold; waits for it."""
        cause = error.__cause__ or error
        if is_fault_of_disk(cause):
            return True
        if not isinstance(cause, sqlite3.Error):
            return False
        try:  # SQLite calls a disk that takes no writes what it also calls a file that this user may not write
            _try(self.state, BALLAST_BYTES)
        except OSError as found:
            return is_fault_of_disk(found)
        return False


def _try(state: Path, room_bytes: int) -> None:
    """Raises OSError unless so many bytes can be put on disk."""
    probe = state / PROBE
    probe.unlink(missing_ok=True)
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, room_bytes)
        os.write(descriptor, bytes(1))
        os.fsync(descriptor)
        sync_folder(probe)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            probe.unlink()
