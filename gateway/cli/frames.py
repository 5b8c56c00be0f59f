"""What goes over a link, as people see it on a terminal, and as a capture in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import SEEK_END, FileIO
from pathlib import Path
from typing import Any

from gateway.adapter.capture import capture_comment, capture_line, capture_text
from gateway.cli import show
from gateway.cli.control.values import printable
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused

ROW_BYTES = 16
"""As hexdump shows them: a terminal of 80 columns has room for them and their text."""
ROW_COLUMNS = 3 * ROW_BYTES - 1

Frame = Mapping[str, Any]
"""A line of the stream of frames."""


def drawn(line: bytes) -> str:
    """`09:01:02.345678 plc tx 00 01 00 00   |....|`, for people; as many lines as it takes, each with its end."""
    frame = json.loads(line)
    if "data" not in frame:
        return f"{left_out(frame)}\n"
    time, data = frame["time"].partition("T")[2].removesuffix("Z"), bytes.fromhex(frame["data"])
    head = f"{time} {printable(frame['link'])} {frame['direction']} "
    rows = [data[at : at + ROW_BYTES] for at in range(0, len(data), ROW_BYTES)]
    starts = [head, *[" " * len(head)] * (len(rows) - 1)]
    return "".join(
        f"{start}{row.hex(' ').upper():{ROW_COLUMNS}}  |{capture_text(row)}|\n"
        for start, row in zip(starts, rows, strict=True)
    )


def left_out(frame: Frame) -> str:
    """Of a line that says so."""
    return f"{show.count(frame.get('missed', 0), 'frame')} left out here: they came faster than they were taken"


class Recording:
    """A capture that grows, each line on its way to the disk at once; `missed` counts frames that are not in it."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.lines = 0
        self.missed = 0
        self._path = path
        self._file = file

    def take(self, line: bytes) -> None:
        """A line of the stream of frames; raises Refused where the disk does not take it."""
        frame = json.loads(line)
        if "data" in frame:
            data = bytes.fromhex(frame["data"])
            self.write(capture_line(frame["time"], frame["direction"], data))
            self.lines += 1
        else:
            self.missed += frame.get("missed", 0)
            self.write(capture_comment(left_out(frame)))

    def write(self, text: str) -> None:
        """Raises Refused."""
        left = f"{text}\n".encode()
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise Refused(Exit.INTERNAL, f"{self._path} takes no more: {error.strerror}") from error

    @property
    def told(self) -> str:
        """What there is in the end."""
        recorded = f"{show.count(self.lines, 'frame')} recorded in {self._path}"
        return f"{recorded}; {self.missed} more came too fast, and are not in it" if self.missed else recorded


@contextmanager
def recording(path: Path, about: str) -> Iterator[Recording]:
    """At the end of a file, which may be there already; tells at its end what was recorded. Raises Refused."""
    with _opened(path) as file:
        recorded = Recording(path, file)
        if _ends_amiss(file):
            recorded.write("")
        recorded.write(capture_comment(about))
        try:
            yield recorded
        finally:
            show.problem(recorded.told)


def _opened(path: Path) -> FileIO:
    """Raises Refused."""
    try:
        return path.open("ab+", buffering=0)
    except OSError as error:
        code = Exit.PERMISSION if isinstance(error, PermissionError) else Exit.USAGE
        raise Refused(code, f"can't record in {path}: {error.strerror}") from error


def _ends_amiss(file: FileIO) -> bool:
    """Whether its last line was cut short."""
    if not file.seekable() or not (size := file.seek(0, SEEK_END)):
        return False
    file.seek(size - 1)
    return file.read() != b"\n"
