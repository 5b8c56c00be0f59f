"""Lines of text. Pure."""

from __future__ import annotations

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.framing.body import body_of
from adapters.serial.framing.delimited import DelimitedFramer
from adapters.serial.framing.frame import Frame

AUTO = (b"\r\n", b"\n", b"\r")


class LineFramer(DelimitedFramer):
    """Where one terminator begins another the shorter ends the line; what the longer has more is none of the next."""

    def __init__(
        self, terminators: tuple[bytes, ...], max_bytes: int, seal: Seal | None = None, gap_s: float | None = None
    ) -> None:
        ends, self._rests = _told_apart(terminators or AUTO)
        super().__init__(ends, max_bytes, gap_s, seal=seal)
        self._body = body_of(0, 0, seal)

    @override
    def _frames(self, parts: list[bytes]) -> list[Frame]:
        frames = []
        most, seal, rests = self._most_bytes, self._seal, self._rests
        for part in parts:
            line = self._after_delimiter(part) if rests else part
            if not line:
                continue
            if len(line) > most:
                self._lost(line, long=True)
            elif seal is None:
                frames.append(Frame(line, line))
            elif seal.good(line):
                frames.append(Frame(line, line[self._body]))
            else:
                self._lost(line, bad=True)
        return frames

    @override
    def _after_delimiter(self, part: bytes) -> bytes:
        return part[len(next((rest for rest in self._rests if part.startswith(rest)), b"")) :]


def _told_apart(terminators: tuple[bytes, ...]) -> tuple[list[bytes], list[bytes]]:
    """Those that end a line, the longest first; and what others have more, which begin with one of them.

    One that has another within it never comes to its end.
    """
    ends = {end for end in terminators if not any(other in end[:-1] for other in terminators)}
    rests = {each[len(end) :] for each in terminators for end in ends if each != end and each.startswith(end)}
    rests = {rest for rest in rests if not any(end in rest for end in ends)}
    return sorted(ends, key=len, reverse=True), sorted(rests, key=len, reverse=True)
