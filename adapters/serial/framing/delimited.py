"""Streams in which something between frames occurs nowhere within them. Pure."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.framing.frame import Frame, Framer


class DelimitedFramer(Framer):
    """`delimiters`: the longest first; `opened`: what precedes the first one is no frame."""

    def __init__(
        self,
        delimiters: list[bytes],
        most_bytes: int,
        gap_s: float | None = None,
        *,
        seal: Seal | None = None,
        opened: bool = False,
    ) -> None:
        super().__init__(gap_s)
        self._seal = seal
        self._split, self._has = _cutting(delimiters)
        self._kept_bytes = len(delimiters[0]) - 1
        self._most_bytes = most_bytes
        self._opened = opened
        self._skipping = opened

    @property
    @override
    def begun(self) -> bool:
        return bool(self._held) or self._skipping

    @override
    def feed(self, data: bytes) -> list[Frame]:
        parts = self._parts(data)
        held = self._held = parts.pop()
        if self._skipping:
            if parts:
                self.losses.junk_bytes += len(parts[0])
                parts[0] = b""
                self._skipping = False
            else:
                self._drop()
                return []
        most = self._most_bytes + self._kept_bytes
        if len(held) > most and len(held := self._after_delimiter(held)) > most:
            self._held = held
            self.losses.too_long += 1
            self._skipping = True
            self._drop()
        return self._frames(parts)

    @override
    def silence(self) -> list[Frame]:
        self._skipping = self._opened
        return super().silence()

    @override
    def amid(self) -> None:
        self._skipping = self._opened or self._seal is None

    def _parts(self, data: bytes) -> list[bytes]:
        """What is between delimiters; what is held has none, and is not looked through again."""
        if not self._held:
            return self._split(data)
        looked = max(len(self._held) - self._kept_bytes, 0)
        data = self._held + data
        return self._split(data) if self._has(data, looked) else [data]

    @abstractmethod
    def _frames(self, parts: list[bytes]) -> list[Frame]:
        """What is between delimiters, empty or too long as it may be."""

    def _after_delimiter(self, part: bytes) -> bytes:
        """Without what belongs to the delimiter before it."""
        return part

    def _lost(self, part: bytes, *, bad: bool = False, long: bool = False) -> None:
        self.losses.junk_bytes += len(part)
        self.losses.bad_checksums += bad
        self.losses.too_long += long

    def _drop(self) -> None:
        """All up to what may be the beginning of a delimiter."""
        dropped = max(len(self._held) - self._kept_bytes, 0)
        self.losses.junk_bytes += dropped
        self._held = self._held[dropped:]


def _cutting(delimiters: list[bytes]) -> tuple[Callable[[bytes], list[bytes]], Callable[[bytes, int], bool]]:
    """How a stream is cut, and whether it has anything to be cut at from a place on."""
    if len(delimiters) == 1:
        (end,) = delimiters
        return lambda data: data.split(end), lambda data, at: data.find(end, at) >= 0
    ends = re.compile(b"|".join(map(re.escape, delimiters)))
    return ends.split, lambda data, at: ends.search(data, at) is not None
