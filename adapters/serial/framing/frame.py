"""A frame, and what every way of cutting a stream into frames has in common. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple


class Frame(NamedTuple):
    """One frame whose checksum, if it has one, is right.

    `data`: all of it as on the wire from its first byte, marks and checksum included, escapes taken out, without what
    ends a line or packet; positions (`at`) count in it. `body`: what stands between the marks, without the checksum.
    """

    data: bytes
    body: bytes


@dataclass
class Losses:
    """What came and was no frame: bytes that belong to none, wrong checksums, frames that were too long."""

    junk_bytes: int = 0
    bad_checksums: int = 0
    too_long: int = 0


class Framer(ABC):
    """Cuts one stream; holds at most one frame that is not complete.

    `gap_s`: after so much silence call `silence`; None: pauses mean nothing.
    """

    def __init__(self, gap_s: float | None = None) -> None:
        self.gap_s = gap_s
        self.losses = Losses()
        self._held = b""

    @property
    def begun(self) -> bool:
        """Whether a frame may have begun that has not ended: `silence` would end it."""
        return bool(self._held)

    @abstractmethod
    def feed(self, data: bytes) -> list[Frame]:
        """The frames that this completes; the same however the stream was cut into pieces."""

    def silence(self) -> list[Frame]:
        """Nothing came for `gap_s`: what was begun ends here, and is none."""
        self.losses.junk_bytes += len(self._held)
        self._held = b""
        return []

    def amid(self) -> None:  # noqa: B027  # most see by a frame's beginning, or by its checksum, that it is whole
        """What comes first may be the rest of a frame whose beginning nobody has heard: it is none."""

    def wrap(self, data: bytes, *, sealed: bool = False) -> bytes:  # noqa: ARG002  # for those that put one behind
        """What has to go on the wire to say this: the same, but on slip, cobs and escaped.

        Those put the link's checksum behind it, unless it is `sealed`: has one already.
        """
        return data
