"""A file set aside, read page by page as its log left it: SQLite is not asked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from gateway.outbox.disk.aside import log_of
from gateway.outbox.entry import MAX_SESSION
from gateway.outbox.format import wal
from gateway.outbox.format.pages import (
    PAGE_BYTES,
    Cell,
    Found,
    envelopes,
    free_list,
    has_maps,
    is_free,
    is_map,
    map_of,
    records,
    settings,
)
from gateway.outbox.noted import Noted, plausible

SMALL_WITHIN = 64
"""Pages among which small tables are looked for: where pages are handed back, tables begin in a file's first pages."""

MAX_ROWS = 1 << 40
"""More than any disk holds."""


class Wreck:
    """The newest version of each page that is in a file or, alone, in its log. Raises OSError only on opening.

    A page whose newest version is not as it was written is also read as it was before: what is known twice is told
    apart by its id, what is not known at all is lost.
    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as files:
            self._file = _opened(path, files)
            self._log_file = _opened(log_of(path), files)
            self._log = wal.read_log(self._read_log, PAGE_BYTES)
            self._frames = wal.frames(self._read_log, self._log) if self._log is not None else []
            self._files = files.pop_all()
        self._versions: dict[int, list[int]] = {}
        for frame in self._frames:
            self._versions.setdefault(frame.page, []).append(frame.number)
        self._has_maps = has_maps(self.page)
        self._free = set[int]() if self._has_maps else free_list(self.page, self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @property
    def numbers(self) -> Iterable[int]:
        """The pages that there are, in order."""
        if self._file is None:
            return sorted(self._versions)
        return range(1, self._end + 1)

    def page(self, number: int) -> bytes | None:
        """The newest version, whole or not; None if there is none."""
        frames = self._versions.get(number)
        return self._in_log(frames[-1]) if frames else self._in_file(number)

    def is_free(self, number: int) -> bool:
        """Whether a page is not in use, as far as that can be known."""
        return number in self._free or (self._has_maps and is_free(number, self.page(map_of(number))))

    def envelopes(self, number: int) -> Found:
        """What waits in a page."""
        if (self._has_maps and is_map(number)) or self.is_free(number):
            return Found([], 0)
        versions = self._as_good(number)
        found = [envelopes(page, self.page) for page in versions]
        entries = {entry.id: entry for older in reversed(found) for entry in older.entries}
        return Found(list(entries.values()), found[0].damaged if found else 0)

    def meta(self) -> dict[str, int]:
        """What its table of settings says, as far as it can be so; nothing if that can't be read.

        No `rows` where frames are missing from the log that may have said something else.
        """
        for number in range(1, SMALL_WITHIN + 1):
            page = self.page(number)
            said = settings(page, self.page) if page is not None else {}
            if 0 <= said.get("session", -1) < MAX_SESSION and 0 <= said.get("rows", -1) < MAX_ROWS:
                return said if self._is_newest(number) else {key: said[key] for key in said if key != "rows"}
        return {}

    def losses(self) -> Noted:
        """What it says was lost, as far as it can be so."""
        return plausible(record for number in range(1, SMALL_WITHIN + 1) for record in self._records(number))

    @property
    def is_log_whole(self) -> bool:
        """Whether SQLite reads all that was committed: it stops at the first frame that is not as it was written."""
        if self._log is None or not self._frames:
            return True
        last = self._frames[-1].number
        return self._log.is_whole and last == len(self._frames) and all(map(self._is_whole, range(1, last + 1)))

    def _is_newest(self, page: int) -> bool:
        """Whether nothing is missing from the log after the version of this page that was read."""
        if not self._frames:
            return True
        here = {frame.number for frame in self._frames}
        last_missing = max(set(range(1, self._frames[-1].number)) - here, default=0)
        return self._versions.get(page, [0])[-1] >= last_missing

    def _records(self, number: int) -> list[list[Cell]]:
        """Of a page that may be of a small table's; not of one that was, for what it says was told."""
        page = None if (self._has_maps and is_map(number)) or self.is_free(number) else self.page(number)
        return records(page, self.page) if page is not None else []

    @property
    def _end(self) -> int:
        """The last page; a file may be longer than what is in use, until its log is written back."""
        last = self._frames[-1] if self._frames else None
        if last is not None and self._is_whole(last.number):
            return last.pages
        in_file = os.fstat(self._file).st_size // PAGE_BYTES if self._file is not None else 0
        return max([in_file, *self._versions])

    def _as_good(self, number: int) -> list[bytes]:
        """The newest version; while that is damaged, older ones too."""
        versions = list[bytes]()
        for frame in reversed(self._versions.get(number, [])):
            page = self._in_log(frame)
            if page is not None:
                versions.append(page)
            if page is not None and self._is_whole(frame):
                return versions
        page = self._in_file(number)
        return versions if page is None else [*versions, page]

    def _is_whole(self, frame: int) -> bool:
        return self._log is not None and wal.is_whole(self._read_log, self._log, frame)

    def _in_log(self, frame: int) -> bytes | None:
        if self._log is None:
            return None
        return _whole_page(self._read_log(wal.data_offset(self._log, frame), PAGE_BYTES))

    def _in_file(self, number: int) -> bytes | None:
        if self._file is None:
            return None
        return _whole_page(_read(self._file, (number - 1) * PAGE_BYTES, PAGE_BYTES))

    def _read_log(self, at: int, size: int) -> bytes:
        return _read(self._log_file, at, size) if self._log_file is not None else b""


def _opened(path: Path, files: ExitStack) -> int | None:
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY)
        files.callback(os.close, descriptor)
        return descriptor
    return None


def _read(descriptor: int, at: int, size: int) -> bytes:
    """Nothing where the disk does not give it."""
    with suppress(OSError):
        return os.pread(descriptor, size, at)
    return b""


def _whole_page(data: bytes) -> bytes | None:
    return data if len(data) == PAGE_BYTES else None


def written_s(path: Path) -> float:
    """When a file or its log was last written; 0 where that can't be known."""
    return max(_written_s(path), _written_s(log_of(path)))


def _written_s(file: Path) -> float:
    with suppress(OSError):
        written_s = file.stat().st_mtime
        return written_s if written_s < MAX_SESSION else 0.0
    return 0.0


def committed(path: Path) -> list[wal.Frame]:
    """What the log of a file says was committed; a header that is broken makes SQLite read none of it."""
    with ExitStack() as files:
        descriptor = _opened(log_of(path), files)
        if descriptor is None:
            return []

        def read(at: int, size: int) -> bytes:
            return _read(descriptor, at, size)

        log = wal.read_log(read, PAGE_BYTES)
        return wal.frames(read, log) if log is not None else []
