"""The framer that a link's configuration asks for. Pure."""

from __future__ import annotations

from adapters.serial.checksums import seal_of
from adapters.serial.config.checksum import Checksum
from adapters.serial.config.framing import Fixed, Framing, LengthField, Line, StartEnd
from adapters.serial.framing.frame import Framer
from adapters.serial.framing.line import LineFramer
from adapters.serial.framing.marked import MarkedFramer
from adapters.serial.framing.sized import fixed, with_length


def framer_of(framing: Framing, checksum: Checksum | None) -> Framer:
    """One for each stream; frames whose checksum is wrong are counted and never come out."""
    seal = seal_of(checksum)
    match framing:
        case Line():
            return LineFramer(framing.terminator, framing.max_length, seal, framing.gap)
        case Fixed():
            return fixed(framing, seal)
        case LengthField():
            return with_length(framing, seal)
        case StartEnd():
            return MarkedFramer(
                framing.start,
                framing.end,
                trailer=trailer_of(framing, checksum),
                max_bytes=framing.max_length,
                seal=seal,
                gap_s=framing.gap,
            )
    raise AssertionError(framing)


def trailer_of(framing: StartEnd, checksum: Checksum | None) -> int:
    """Bytes behind the end mark: if nothing is said of it, a checksum without a place of its own."""
    if "trailer" in framing.model_fields_set or checksum is None or checksum.at is not None:
        return framing.trailer
    return checksum.width
