"""The framer that a link's configuration asks for. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.serial.checksums import Checksum, Seal, seal_of
from adapters.serial.config.framing import (
    Cobs,
    Escaped,
    Fixed,
    Framing,
    Gap,
    Iec62056Frames,
    LengthField,
    Line,
    Slip,
    StartEnd,
)
from adapters.serial.framing.escaped import escaped
from adapters.serial.framing.frame import Framer
from adapters.serial.framing.gap import GapFramer
from adapters.serial.framing.iec62056 import Iec62056Framer
from adapters.serial.framing.line import LineFramer
from adapters.serial.framing.marked import marked
from adapters.serial.framing.sized import fixed, with_length
from adapters.serial.framing.stuffed import cobs, slip

_MAKERS: dict[type, Callable[[Any, Seal | None], Framer]] = {
    Line: lambda said, seal: LineFramer(said.terminator, said.max_length, seal, said.gap),
    Fixed: fixed,
    StartEnd: marked,
    LengthField: with_length,
    Gap: lambda said, seal: GapFramer(said.max_length, seal, said.gap),
    Slip: lambda said, seal: slip(said.max_length, seal, said.gap),
    Cobs: lambda said, seal: cobs(said.max_length, seal, said.gap),
    Escaped: escaped,
    Iec62056Frames: lambda said, _seal: Iec62056Framer(said.max_length, said.gap),
}


def framer_of(framing: Framing, checksum: Checksum | None) -> Framer:
    """One for each stream; frames whose checksum is wrong are counted and never come out."""
    return _MAKERS[type(framing)](framing, seal_in(framing, checksum))


def seal_in(framing: Framing, checksum: Checksum | None) -> Seal | None:
    """The checksum where it stands in whole frames."""
    return seal_of(_placed(framing, checksum))


def seal_for_sending(framing: Framing, checksum: Checksum | None) -> Seal | None:
    """What `{checksum}` becomes in what is sent: where `Framer.wrap` puts a start mark, it counts as if written."""
    start = framing.start if isinstance(framing, Escaped) else b""
    return seal_of(_placed(framing, checksum), start)


def _placed(framing: Framing, checksum: Checksum | None) -> Checksum | None:
    """Between flags nothing stands behind the last one: there it is the checksum that ends what they enclose."""
    if checksum is None or checksum.at is not None or not (isinstance(framing, Escaped) and framing.is_flagged):
        return checksum
    return checksum.model_copy(update={"at": -checksum.width - len(framing.end)})
