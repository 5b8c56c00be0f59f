"""A way in which what was heard may be cut into frames. Pure."""

from __future__ import annotations

from typing import NamedTuple

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Framing


class Candidate(NamedTuple):
    """`likely`: from 0 to 1, if the frames are as they should be; `what` it is, for people; `decode` as configured."""

    framing: Framing
    what: str
    likely: float
    checksum: Checksum | None = None
    decode: str | None = None


def checked_by(checksum: Checksum | None) -> str:
    """For people; nothing if there is none."""
    return f", checked by {checksum.type}" if checksum else ""
