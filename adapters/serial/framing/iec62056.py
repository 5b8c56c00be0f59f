"""IEC 62056-21: identification lines, data blocks, and single characters that acknowledge. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from typing_extensions import override

from adapters.serial.checksums.sums import xor8
from adapters.serial.framing.frame import Frame, Framer

BLANK_LINE = b"\r\n\r\n"
"""Between identification and data in mode D, which has neither STX nor a check (6.4.5)."""
MODE_D_SPEED = b"3"
"""In the identification: 2400 Bd, the only speed of mode D (6.3.2)."""

_LINE_ENDS = re.compile(rb"[\r\n]*")
_BEGINS = re.compile(rb"[\r\n/\x01\x02\x06\x15]")
"""Line ends, the identification, SOH, STX, ACK and NAK (6.1)."""
_IDENTIFICATION = re.compile(rb"/(?:[A-Za-z](?:[A-Za-z](?:[A-Za-z][^\x00-\x1f!]{0,60})?)?)?")
"""As much as there is of it: 16 characters of type by the standard (6.3.2), more by makers. `/?!`, our own, is none."""
_SPEED_AT = 4
_BLOCK_MARKS = re.compile(rb"[\x01-\x04]")
_MESSAGE_MARKS = re.compile(rb"[\x01\x03\x04]")
_READOUT_MARKS = re.compile(rb"[!\x00-\x08\x0b\x0c\x0e-\x1f]")
_ENDS = b"\x03\x04"
"""ETX, and EOT where another block follows (6.1)."""
_ANSWERS = b"\x06\x15"
"""ACK and NAK (6.1)."""


class _Found(NamedTuple):
    """A frame, if there is one, and where to look next; the same place again: it is not decided yet."""

    next: int
    frame: Frame | None = None


class Iec62056Framer(Framer):
    """The check of blocks (ISO 1155: exclusive or of all after the first mark) is looked at here."""

    def __init__(self, max_bytes: int, gap_s: float | None = None) -> None:
        super().__init__(gap_s)
        self._max_bytes = max_bytes
        self._scanned = 0
        self._behind: bytes | None = None  # line ends that came after an identification of mode D

    @override
    def feed(self, data: bytes) -> list[Frame]:
        data = self._held + data
        frames: list[Frame] = []
        at = 0
        while at < len(data):
            found = self._look(data, at)
            if found.frame is not None:
                frames.append(found.frame)
            elif found.next == at:
                break
            at = found.next
        self._held = data[at:]
        return frames

    @override
    def silence(self) -> list[Frame]:
        self._scanned = 0
        self._behind = None
        return super().silence()

    def _look(self, data: bytes, at: int) -> _Found:
        first = data[at : at + 1]
        scanned, self._scanned = at + self._scanned, 0
        if first in b"\r\n":
            return self._line_ends(data, at)
        if self._behind == BLANK_LINE and first >= b" " and first != b"/":
            return self._readout(data, at, scanned)
        self._behind = None
        if first == b"/":
            return self._identification(data, at)
        if first == b"\x02":
            return self._block(data, at, _BLOCK_MARKS, scanned)
        if first == b"\x01":
            return self._block(data, at, _MESSAGE_MARKS, scanned)
        if first in _ANSWERS:
            return _Found(at + 1, Frame(first, first))
        begins = _BEGINS.search(data, at)
        return self._junk(at, begins.start() if begins is not None else len(data))

    def _line_ends(self, data: bytes, at: int) -> _Found:
        run = _LINE_ENDS.match(data, at)
        after = run.end() if run is not None else at + 1
        if self._behind is not None:
            self._behind = (self._behind + data[at:after])[: len(BLANK_LINE) + 1]
        return _Found(after)

    def _identification(self, data: bytes, at: int) -> _Found:
        line = _IDENTIFICATION.match(data, at)
        ends = line.end() if line is not None else at
        if ends == len(data):
            return _Found(at)
        text = data[at:ends]
        if data[ends] not in b"\r\n" or len(text) <= _SPEED_AT:
            return self._junk(at, at + 1)
        self._behind = b"" if text[_SPEED_AT : _SPEED_AT + 1] == MODE_D_SPEED else None
        return _Found(ends, Frame(text, text))

    def _block(self, data: bytes, at: int, marks: re.Pattern[bytes], scanned: int) -> _Found:
        """From STX or SOH to ETX or EOT and its check; another beginning begins anew."""
        mark = marks.search(data, max(at + 1, scanned), at + self._max_bytes - 1)
        if mark is None:
            return self._undecided(data, at)
        if mark[0] not in _ENDS:
            return self._junk(at, mark.start())
        ends = mark.end()
        if ends == len(data):
            return _Found(at)
        if xor8(data[at + 1 : ends]) != data[ends]:
            self.losses.bad_checksums += 1
            if marks is _MESSAGE_MARKS:
                return self._junk(at, at + 1)
            return self._junk(at, ends + (data[ends] in _ANSWERS))
        return _Found(ends + 1, Frame(data[at : ends + 1], data[at + 1 : ends - 1]))

    def _readout(self, data: bytes, at: int, scanned: int) -> _Found:
        """The data of mode D, up to its `!`."""
        mark = _READOUT_MARKS.search(data, scanned, at + self._max_bytes)
        if mark is None:
            return self._undecided(data, at)
        self._behind = None
        if mark[0] != b"!":
            return self._junk(at, mark.start())
        text = data[at : mark.end()]
        return _Found(mark.end(), Frame(text, text))

    def _undecided(self, data: bytes, at: int) -> _Found:
        if len(data) - at < self._max_bytes:
            self._scanned = len(data) - at
            return _Found(at)
        self.losses.too_long += 1
        self._behind = None
        return self._junk(at, at + self._max_bytes - 1)

    def _junk(self, at: int, after: int) -> _Found:
        self.losses.junk_bytes += after - at
        return _Found(after)
