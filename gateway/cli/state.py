"""The state directory: where it is, and who owns it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    """Hold the state directory for this process alone; raises InUse or OSError."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another fieldgate runs on {state}; stop it or give another --state-dir") from None
        yield
