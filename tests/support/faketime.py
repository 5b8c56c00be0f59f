"""A wall clock that a test moves for a daemon alone; time since boot goes on as it does."""

from collections.abc import Mapping
from pathlib import Path

import pytest

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
"""Debian's package `faketime`."""


class FakeTime:
    """What a daemon takes for the time: the true one, moved by `shift`, in days like `-2d`."""

    def __init__(self, folder: Path, shift: str = "+0d") -> None:
        library = next(Path("/").glob(LIBRARIES.lstrip("/")), None)
        if library is None:
            pytest.skip("the package faketime is not installed")
        self._library = library
        self._file = folder / "faketime"
        self.jump(shift)

    def jump(self, shift: str) -> None:
        """From now on the clock is off by so much."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{shift}\n")
        new.replace(self._file)

    @property
    def env(self) -> Mapping[str, str]:
        """For the daemon."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
