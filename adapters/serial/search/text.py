"""Ways to cut text into frames: lines, sentences, what stands between STX and ETX. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from adapters.serial.config.checksum import Checksum
from adapters.serial.config.framing import Gap, Line, StartEnd
from adapters.serial.search.candidate import Candidate
from adapters.serial.search.heard import PAUSE_S, Heard
from adapters.serial.search.sums import checksum_of

STX, ETX = b"\x02", b"\x03"
MAX_TRAILER = 4
"""Bytes behind an end mark: a check, in binary or as digits."""
GAP_S = 2 * PAUSE_S
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
    """What it may be if it is text."""
    data = heard.data
    yield from _marked(data)
    if end := _terminator(data):
        line = Line.model_validate({"type": "line", "terminator": end.decode()})
        if b"$" in data or b"!" in data:
            nmea = Checksum.model_validate({"type": "nmea"})
            yield Candidate(line, "NMEA 0183 sentences", 1.0, nmea, "nmea", is_text=True)
        yield Candidate(line, f"lines of text that end with {TERMINATORS[end]}", 0.96, is_text=True)
    else:
        gap = Gap.model_validate({"type": "gap", "gap": f"{GAP_S * 1000:.0f}ms"})
        yield Candidate(gap, "text with nothing that ends it but a pause", 0.6, is_text=True)


def _terminator(data: bytes) -> bytes:
    """What ends most lines; nothing if there is none."""
    both = data.count(b"\r\n")
    counts = {b"\r\n": both, b"\n": data.count(b"\n") - both, b"\r": data.count(b"\r") - both}
    most = max(counts, key=lambda end: counts[end])
    return most if counts[most] else b""


def _marked(data: bytes) -> Iterator[Candidate]:
    """STX ... ETX, with what comes between an end and the next start as its trailer."""
    if data.count(STX) < 2 or ETX not in data:
        return
    gaps = Counter(part.rpartition(ETX)[2] for part in data.split(STX)[1:-1] if ETX in part)
    if not gaps:
        return
    behind, _ = gaps.most_common(1)[0]
    trailer = Counter(len(each) for each in gaps.elements()).most_common(1)[0][0]
    if behind in TERMINATORS:
        framing = StartEnd(type="start-end", start=STX, end=ETX + behind)
        yield Candidate(framing, f"text from STX to ETX {TERMINATORS[behind]}", 0.98, is_text=True)
    elif trailer <= MAX_TRAILER:
        framing = StartEnd(type="start-end", start=STX, end=ETX, trailer=trailer)
        frames = [STX + part[: part.rfind(ETX) + 1 + trailer] for part in data.split(STX)[1:-1] if ETX in part]
        checksum = checksum_of(frames, trailer) if trailer else None
        checked = f", checked by {checksum.type}" if checksum else ""
        yield Candidate(framing, f"text from STX to ETX{checked}", 0.99, checksum, is_text=True)
