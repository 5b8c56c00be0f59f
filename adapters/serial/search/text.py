"""Ways to cut text into frames: lines, sentences, what stands between STX and ETX. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Gap, Line, StartEnd
from adapters.serial.search.candidate import Candidate, checked_by
from adapters.serial.search.heard import PAUSE_S, Heard
from adapters.serial.search.sums import checksum_of

STX, ETX = b"\x02", b"\x03"
MAX_TRAILER = 4
"""Bytes behind an end mark: a check, in binary or as digits."""
GAP = f"{2000 * PAUSE_S:.0f}ms"
TERMINATORS = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}

_TEXT = frozenset([*range(0x20, 0x7F), *b"\t\r\n\x02\x03\x04\x05\x06\x15"])
"""What stands in text lines, the control characters of ISO 1745 that frame it included."""
_LEAST_SHARE = 0.85
"""Bytes at a wrong speed are text by chance, but not most of them; degree signs and umlauts are none of ASCII."""


def likeness(data: bytes) -> float:
    """How much it looks like text, from 0 to 1."""
    share = sum(byte in _TEXT for byte in data) / len(data) if data else 0.0
    return max(0.0, (share - _LEAST_SHARE) / (1 - _LEAST_SHARE))


def of_text(heard: Heard) -> Iterator[Candidate]:
    """What it may be if all of it is text."""
    data = heard.data
    likely = likeness(data)
    if not likely:
        return
    if not (end := _terminator(data)):
        gap = Gap.model_validate({"type": "gap", "gap": GAP})
        yield Candidate(gap, "text with nothing that ends it but a pause", 0.6 * likely)
        return
    line = Line.model_validate({"type": "line", "terminator": end.decode()})
    yield Candidate(line, f"lines of text that end with {TERMINATORS[end]}", 0.96 * likely)
    if b"$" in data or b"!" in data:
        nmea = Checksum.model_validate({"type": "nmea"})
        yield Candidate(line, "NMEA 0183 sentences", likely, nmea, "nmea")


def of_marked(heard: Heard) -> Iterator[Candidate]:
    """STX ... ETX, with what comes between an end and the next start as its trailer."""
    parts = [part for part in heard.data.split(STX)[1:-1] if ETX in part]
    if not parts:
        return
    behind = Counter(part.rpartition(ETX)[2] for part in parts)
    usual = behind.most_common(1)[0][0]
    trailer = Counter(map(len, behind.elements())).most_common(1)[0][0]
    texts = [part.rpartition(ETX)[0] for part in parts]
    likely = likeness(b"".join(texts))
    if usual in TERMINATORS:
        framing = StartEnd(type="start-end", start=STX, end=ETX + usual)
        yield Candidate(framing, f"text from STX to ETX {TERMINATORS[usual]}", 0.98 * likely)
    elif trailer <= MAX_TRAILER:
        framing = StartEnd(type="start-end", start=STX, end=ETX, trailer=trailer)
        frames = [STX + part for part in parts if len(part.rpartition(ETX)[2]) == trailer]
        checksum = checksum_of(frames, trailer) if trailer else None
        yield Candidate(framing, f"text from STX to ETX{checked_by(checksum)}", 0.99 * likely, checksum)


def _terminator(data: bytes) -> bytes:
    """What ends most lines; nothing if there is none."""
    both = data.count(b"\r\n")
    counts = {b"\r\n": both, b"\n": data.count(b"\n") - both, b"\r": data.count(b"\r") - both}
    most = max(counts, key=lambda end: counts[end])
    return most if counts[most] else b""
