"""Framings and checksums that do not go together: no frame would ever come. Pure."""

from __future__ import annotations

from adapters.serial.checksums import Checksum
from adapters.serial.config.framing import Escaped, Fixed, Framing, Iec62056Frames, LengthField, StartEnd


def unfit(framing: Framing, checksum: Checksum | None) -> str | None:
    """Why no frame can come of it, and what to write instead."""
    reasons = [_of_framing(framing)]
    if checksum is not None:
        reasons += [_of_place(framing, checksum), _of_cover(checksum)]
    return next((reason for reason in reasons if reason is not None), None)


def _of_framing(framing: Framing) -> str | None:
    if isinstance(framing, LengthField) and framing.total((1 << 8 * framing.size) - 1) < framing.shortest:
        return f"extra: {framing.extra} takes off more than {framing.size} bytes of length can say: nothing is left"
    if isinstance(framing, StartEnd) and framing.start != framing.end and framing.start in framing.end[:-1]:
        return "the end mark contains the start mark: each end would begin a frame anew"
    if isinstance(framing, StartEnd | Escaped):
        marks = len(framing.start) + len(framing.end) + framing.trailer
        if framing.max_length < marks:
            return f"max_length is {framing.max_length}, but marks and trailer alone are {marks} bytes"
    return None


def _of_place(framing: Framing, checksum: Checksum) -> str | None:
    width, at = checksum.width, -checksum.width if checksum.at is None else checksum.at
    if isinstance(framing, Iec62056Frames):
        return "iec62056-21 has its check in it: leave checksum out"
    size = framing.length if isinstance(framing, Fixed) else framing.max_length
    if (at + width if at >= 0 else checksum.first + 1 - at) > size:
        return (
            f"frames of {size} bytes have no room for the checksum behind what it covers, from byte {checksum.first} on"
        )
    if not isinstance(framing, StartEnd | Escaped) or at >= 0:
        return None
    if isinstance(framing, Escaped) and framing.is_flagged and checksum.at is None:
        return None
    said = "trailer" in framing.model_fields_set or at != -width
    behind = framing.trailer if said else width
    ends = at + width
    if -at <= behind or ends <= -behind - len(framing.end):
        return None
    return (
        f"the checksum's {width} bytes would stand in the end mark: with trailer: {width} they follow it, "
        f"with checksum at: {-width - len(framing.end) - framing.trailer} they stand before it"
    )


def _of_cover(checksum: Checksum) -> str | None:
    at = -checksum.width if checksum.at is None else checksum.at
    until = checksum.until
    if until is None:
        return None
    if (until < 0) == (at < 0) and until > at:
        return f"until: {until} lies behind the checksum's own place, {at}: it would cover itself"
    if 0 <= until <= checksum.first:
        return f"until: {until} is not behind first: {checksum.first}: nothing would be covered"
    return None
