"""What may be wrong with a line on which nothing is understood, in plain words. Pure."""

from __future__ import annotations

from typing import NamedTuple

SURE_AFTER_S = 3.0
"""A burst of noise is shorter."""
SURE_BYTES = 10
"""So many at least: a single spike makes one or two."""
SHOWN_BYTES = 40

NO_FRAME = "bytes arrive but no frame: wrong speed or framing?"


class Heard(NamedTuple):
    """What has been counted on a line so far; `understood`: frames that were a message of a device here."""

    bytes: int = 0
    frames: int = 0
    bad_checksums: int = 0
    too_long: int = 0
    strangers: int = 0
    understood: int = 0


class Diagnosis:
    """Looked at every second or so; `words` is what is wrong now, None while all seems well or nothing comes."""

    def __init__(self) -> None:
        self.words: str | None = None
        self._last = self._good = Heard()
        self._begun_s: float | None = None

    def look(self, heard: Heard, now_s: float, strange: bytes | None) -> str | None:
        """Returns what is wrong where that is new; `strange`: the last frame that nobody understood."""
        before, self._last = self._last, heard
        if heard.understood > self._good.understood:
            self._good, self._begun_s, self.words = heard, None, None
            return None
        if heard.bytes == before.bytes:
            return None
        if self._begun_s is None:
            self._begun_s = now_s
        if now_s - self._begun_s < SURE_AFTER_S or heard.bytes - self._good.bytes < SURE_BYTES:
            return None
        words = self._judged(heard, strange)
        if words is None or (self.words is not None and _kind(words) == _kind(self.words)):
            return None
        self.words = words
        return words

    def _judged(self, heard: Heard, strange: bytes | None) -> str | None:
        good = self._good
        frames, bad = heard.frames - good.frames, heard.bad_checksums - good.bad_checksums
        if bad > frames:
            return f"checksums are wrong: of the last {frames + bad} frames {bad}; wrong kind, byte order or place?"
        if frames and heard.strangers - good.strangers == frames:
            return f"frames arrive, but none of an address that is configured: the last was {_shown(strange)}"
        if frames:
            return f"frames arrive, but none that `match`es: the last was {_shown(strange)}"
        return NO_FRAME


def _kind(words: str) -> str:
    return words.partition(":")[0]


def _shown(frame: bytes | None) -> str:
    """Text as text, anything else in hex."""
    if frame is None:
        return "not kept"
    short = frame[:SHOWN_BYTES]
    more = "..." if len(frame) > SHOWN_BYTES else ""
    text = short.strip(b"\r\n\t")
    if text and all(0x20 <= byte < 0x7F for byte in text):
        return f"{text.decode()!r}{more}"
    return f"{short.hex(' ')}{more}"
