"""Exit codes, the same for every verb."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Why a verb ended."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    CONFIG = 3
    UNREACHABLE = 4
    DEVICE = 5
    CLOUD = 6
    PERMISSION = 7
    REFUSED = 8
    INTERRUPTED = 130
