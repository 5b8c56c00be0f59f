"""Frames that only a pause ends. Pure."""

from __future__ import annotations

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.framing.body import body_of
from adapters.serial.framing.frame import Frame, Framer


class GapFramer(Framer):
    """What comes between two pauses."""

    def __init__(self, max_bytes: int, seal: Seal | None, gap_s: float | None) -> None:
        super().__init__(gap_s)
        self._max_bytes = max_bytes
        self._seal = seal
        self._body = body_of(0, 0, seal)
        self._skipping = False

    @property
    @override
    def begun(self) -> bool:
        return bool(self._held) or self._skipping

    @override
    def feed(self, data: bytes) -> list[Frame]:
        self._held += data
        if self._skipping:
            self._drop()
        elif len(self._held) > self._max_bytes:
            self.losses.too_long += 1
            self._skipping = True
            self._drop()
        return []

    @override
    def silence(self) -> list[Frame]:
        data, self._held = self._held, b""
        self._skipping = False
        if not data:
            return []
        if self._seal is not None and not self._seal.good(data):
            self.losses.bad_checksums += 1
            self.losses.junk_bytes += len(data)
            return []
        return [Frame(data, data[self._body])]

    @override
    def amid(self) -> None:
        self._skipping = self._seal is None

    def _drop(self) -> None:
        self.losses.junk_bytes += len(self._held)
        self._held = b""
