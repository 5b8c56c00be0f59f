"""What a serial port is called for good, on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

BY_ID = Path("/dev/serial/by-id")
"""By what the adapter says of itself: the same in whatever socket it is."""
BY_PATH = Path("/dev/serial/by-path")
"""By the socket that it is plugged into: for adapters that have no serial number, so that two share one name."""


def lasting_name(path: str, folders: Iterable[Path] = (BY_ID, BY_PATH)) -> str | None:
    """The name of this very port that outlasts a restart; None where it is not plugged in, or has none."""
    return next(names_of(path, folders), None)


def names_of(path: str, folders: Iterable[Path]) -> Iterator[str]:
    """Of this very port, in these folders."""
    port = os.path.realpath(path)
    names = (name for folder in folders for name in sorted(folder.glob("*")))
    return (str(name) for name in names if os.path.realpath(name) == port)
