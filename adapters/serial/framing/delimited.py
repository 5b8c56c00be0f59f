"""Streams in which something between frames occurs nowhere within them. Pure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from typing_extensions import override

from adapters.serial.framing.frame import Frame, Framer


class DelimitedFramer(Framer):
    """`split` cuts at delimiters of up to `delimiter_bytes`; `opened`: what precedes the first one is no frame."""

    def __init__(
        self,
        split: Callable[[bytes], list[bytes]],
        delimiter_bytes: int,
        most_bytes: int,
        gap_s: float | None = None,
        *,
        opened: bool = False,
    ) -> None:
        super().__init__(gap_s)
        self._split = split
        self._kept_bytes = delimiter_bytes - 1
        self._most_bytes = most_bytes
        self._opened = opened
        self._held = b""
        self._skipping = opened

    @override
    def feed(self, data: bytes) -> list[Frame]:
        parts = self._split(self._held + data if self._held else data)
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
        self.losses.junk_bytes += len(self._held)
        self._held = b""
        self._skipping = self._opened
        return []

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
