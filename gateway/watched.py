"""Files that may be exchanged while the gateway runs: which have other content, once they rest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from gateway.config.stamp import Stamp, stamp_of

MAX_BYTES = 4 * 1024**2
"""More than any file of certificates has: what follows is not looked at."""

NOT_READ = b""
"""In place of a digest, where nobody has read the file yet, or nobody may."""


class Watched:
    """Call `begin` once, then `look` now and then, both off the loop.

    A file that is being written, or is missing for a moment, is what it was before until it rests.
    """

    def __init__(self, paths: Iterable[Path], known: Mapping[Path, Stamp | None]) -> None:
        """`known`: those that were read earlier, and what they were then."""
        self._files = {path: _File(path) for path in paths} | {
            path: _File(path, stamp) for path, stamp in known.items()
        }

    def also(self, known: Mapping[Path, Stamp | None]) -> None:
        """Look at these from now on, too."""
        for path in known.keys() - self._files.keys():
            self._files[path] = _File(path, known[path])

    def begin(self) -> None:
        """Take what is there now as known, unless it is known."""
        for file in self._files.values():
            file.begin()

    def look(self) -> Collection[Path]:
        """Those with other content, or other rights, that have not changed since the last look."""
        return [path for path, file in self._files.items() if file.has_changed()]


class _File:
    def __init__(self, path: Path, known: Stamp | None = None) -> None:
        self._path = path
        self._known = self._seen = known
        self._digest = NOT_READ

    def begin(self) -> None:
        if self._known is None:
            self._known = self._seen = stamp_of(self._path)
            self._digest = _digest_of(self._path, self._known) if self._known else NOT_READ

    def has_changed(self) -> bool:
        now, before = stamp_of(self._path), self._seen
        self._seen = now
        if now is None or now == self._known or now != before:
            return False
        digest = _digest_of(self._path, now)
        self._seen = stamp_of(self._path)
        if self._seen != now:
            return False
        was, self._digest, self._known = self._digest, digest, now
        return digest != was or digest == NOT_READ


def _digest_of(path: Path, stamp: Stamp) -> bytes:
    """Of its content and who may read it."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
    except OSError:
        return NOT_READ
    return hashlib.sha256(b"%d %d\0%b" % (stamp.mode, stamp.owner, content)).digest()
