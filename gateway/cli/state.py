"""The state directory: where it is, and who owns it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


class InUse(Exception):
    """Another fieldgate works on the same state directory."""


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """`$STATE_DIRECTORY` (systemd), else the XDG state directory."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    base = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "fieldgate"


@contextmanager
def owned(state: Path) -> Iterator[None]:
    """Hold the state directory for this process alone; raises InUse or OSError.

    A lock that root makes is the directory's owner's: else the daemon could not take it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as file:
        owner = state.stat()
        if os.geteuid() == 0 != owner.st_uid:
            with suppress(OSError):  # not every file system knows owners
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another fieldgate runs on {state}; stop it or give another --state-dir") from None
        yield
