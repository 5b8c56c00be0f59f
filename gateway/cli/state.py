"""The state directory: where it is, and who owns it."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

SERVICE_STATE = Path("/var/lib/fieldgate")
"""Where systemd keeps the state of the unit that is shipped."""

LOCK_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
"""Root may be asked to lock a directory of another user, who decides what is found there: it is never written."""


class InUse(Exception):
    """Another fieldgate works on the same state directory."""


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """`$STATE_DIRECTORY` (systemd), else the XDG state directory."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    base = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "fieldgate"


def state_of(given: Path | None) -> Path:
    """The state directory that is meant: what was given, or where it is by default."""
    return given or default_state_dir(os.environ)


def see_that_it_is_ours(state: Path) -> None:
    """Raises PermissionError for root in a directory of another user.

    What root made there the daemon could not write; and who owns a directory decides what is found in it.
    """
    if os.geteuid() == 0 and state.exists() and (owner := state.stat().st_uid) != 0:
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = f"#{owner}"
        sentence = (
            f"it is of user {name}, whose daemon could not write what root makes there: `sudo -u {name} fieldgate ...`"
        )
        raise PermissionError(errno.EPERM, sentence, str(state))


@contextmanager
def owned(state: Path) -> Iterator[None]:
    """Hold the state directory for this process alone; raises InUse or OSError."""
    state.mkdir(parents=True, exist_ok=True)
    lock = _lock(state)
    try:
        _hold(lock, state)
        yield
    finally:
        os.close(lock)


def _lock(state: Path) -> int:
    """Open it; one that root makes is the directory's owner's: else the daemon could not take it. Raises OSError."""
    path = state / "lock"
    try:
        lock = os.open(path, LOCK_FLAGS | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return _existing(path)
    owner = state.stat()
    if os.geteuid() == 0 != owner.st_uid:
        with suppress(OSError):  # not every file system knows owners
            os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def _existing(path: Path) -> int:
    try:
        return os.open(path, LOCK_FLAGS)
    except OSError as error:
        if error.errno != errno.ELOOP:
            _see_that_nobody_holds(path)
            raise
        raise OSError(errno.ELOOP, "it is a symlink, which the lock must not be: delete it", str(path)) from None


def _see_that_nobody_holds(path: Path) -> None:
    """Raises InUse. A lock on a disk that takes no writes any more is still held."""
    with suppress(OSError):
        lock = os.open(path, LOCK_FLAGS & ~os.O_RDWR | os.O_RDONLY)
        try:
            _hold(lock, path.parent)
        finally:
            os.close(lock)


def _hold(lock: int, state: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(f"another fieldgate runs on {state}; stop it or give another --state-dir") from None
