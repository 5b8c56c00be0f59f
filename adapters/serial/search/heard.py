"""What was heard on a line at one setting. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from adapters.serial.search.setting import Setting

PAUSE_S = 0.03
"""Silence that parts two utterances: longer than what USB adapters (16 ms) and networks put between bytes of one."""


class Heard(NamedTuple):
    """Pieces as they came, with the time of each in seconds; `faults`: characters that the driver found damaged.

    None where no driver tells.
    """

    setting: Setting
    pieces: tuple[tuple[float, bytes], ...]
    faults: int | None = None

    @property
    def data(self) -> bytes:
        """All of it."""
        return b"".join(data for _, data in self.pieces)

    @property
    def damage(self) -> float:
        """The share of characters that came damaged, as far as that is told."""
        return min(1.0, (self.faults or 0) / max(1, len(self.data)))

    def utterances(self) -> tuple[bytes, ...]:
        """What was said without a pause."""
        return tuple(_between_pauses(self.pieces))


def _between_pauses(pieces: tuple[tuple[float, bytes], ...]) -> Iterator[bytes]:
    said, last_s = b"", 0.0
    for at_s, data in pieces:
        if said and at_s - last_s > PAUSE_S:
            yield said
            said = b""
        said, last_s = said + data, at_s
    if said:
        yield said
