"""How a stream of bytes is cut into frames: the configuration's part. Pure.

Positions (`at`) count bytes from the frame's first on the wire, its start mark included, from 0.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from adapters.serial.config.short import ByType
from gateway.adapter import Period, StrictModel
from gateway.template.octets import Marks, not_called, parse_octets

MAX_FRAME_BYTES = 65_536
"""What is longer is a file, and would be held in memory for each link."""
DEFAULT_MAX_BYTES = 4096
"""More than any line, telegram or record in the field but readouts of meters."""

MEANT = {
    "stx-etx": r'{type: start-end, start: "\x02", end: "\x03"}',
    "dle": r'{type: escaped, start: "\x10\x02", end: "\x10\x03"}',
    "hdlc": "{type: escaped, start: {hex: 7E}, end: {hex: 7E}, escape: {hex: 7D}, xor: 0x20}",
    "cr": r'{type: line, terminator: "\r"}',
    "lf": r'{type: line, terminator: "\n"}',
    "crlf": r'{type: line, terminator: "\r\n"}',
    "lines": "line",
    "nmea": "line, and decode: nmea of the device",
    "timeout": "{type: gap, gap: 20ms}, with what must be silent between two frames",
    "idle": "{type: gap, gap: 20ms}, with what must be silent between two frames",
}
"""What others call it: what it is here."""

FrameBytes = Annotated[int, Field(ge=1, le=MAX_FRAME_BYTES)]


def _terminators(given: Any) -> tuple[bytes, ...]:
    """`auto`, one, or a list of several."""
    if isinstance(given, tuple):  # as it was parsed before
        return given
    if given == "auto":
        return ()
    several = given if isinstance(given, list) else [given]
    parsed = tuple(parse_octets(not_called(each)) for each in several)
    if not parsed or not all(parsed):
        raise ValueError('must be auto, text like "\\r\\n", or a list of several')
    return parsed


Terminators = Annotated[
    tuple[bytes, ...],
    BeforeValidator(_terminators),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "array"}], "examples": ["\r\n", "auto"]}
    ),
]


class _Framing(StrictModel):
    max_length: FrameBytes = Field(
        DEFAULT_MAX_BYTES, description="bytes of the longest frame; what is longer is counted and dropped"
    )
    gap: Period | None = Field(
        None, description="silence after which what was begun is dropped, and the next byte begins a frame"
    )


class Line(_Framing):
    """Lines of text. `auto`: each of CR LF, LF and CR ends one; empty ones are none."""

    type: Literal["line"] = "line"
    terminator: Terminators = Field((), description='auto, or what ends a line: "\\r\\n", or a list of several')


class Fixed(_Framing):
    """Frames that are all of one length."""

    type: Literal["fixed"]
    length: FrameBytes
    start: Marks | None = Field(None, description="what each begins with")


class StartEnd(_Framing):
    """What stands between a start and an end mark, which occur nowhere within; `trailer` bytes follow the end mark."""

    type: Literal["start-end"]
    start: Marks
    end: Marks
    trailer: Annotated[int, Field(ge=0, le=64)] = Field(0, description="bytes behind the end mark, as of a checksum")


class LengthField(_Framing):
    """Frames that say how long they are."""

    type: Literal["length"]
    start: Marks | None = Field(None, description="what each begins with")
    at: Annotated[int, Field(ge=0)] = Field(description="where the length stands, counted from the frame's first byte")
    size: Literal[1, 2, 4] = Field(1, description="bytes of the length")
    endian: Literal["big", "little"] = "big"
    counts: Literal["frame", "rest"] = Field(
        "rest", description="frame: all bytes of the frame; rest: those behind the length"
    )
    extra: int = Field(0, description="bytes of the frame that the length leaves out, as of a checksum")

    @model_validator(mode="after")
    def _begins_after_its_mark(self) -> LengthField:
        if self.start is not None and self.at < len(self.start):
            raise ValueError(
                f"at {self.at} lies within start, which has {len(self.start)} bytes: positions count it, too"
            )
        if self.shortest > self.max_length:
            raise ValueError(
                f"the length ends at byte {self.at + self.size}, beyond max_length, which is {self.max_length}: "
                "no frame could hold it"
            )
        return self

    @property
    def shortest(self) -> int:
        """Bytes of the shortest frame: up to the end of its length, and what that leaves out."""
        return self.at + self.size + max(self.extra, 0)

    def total(self, number: int) -> int:
        """Bytes of a frame whose length says this."""
        return number + self.extra + (0 if self.counts == "frame" else self.at + self.size)


class Gap(_Framing):
    """What comes without a pause is one frame."""

    type: Literal["gap"]
    gap: Period = Field(description="so much silence ends a frame; over a network it must be longer than its delays")


class Slip(_Framing):
    """RFC 1055."""

    type: Literal["slip"]


class Cobs(_Framing):
    """Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999); a zero ends each frame."""

    type: Literal["cobs"]


class Escaped(_Framing):
    r"""Start and end mark, and an escape byte before each byte within that looks like one of them or like itself.

    With start "\x10\x02", end "\x10\x03" and escape "\x10" it is DLE STX ... DLE ETX; with {hex: 7E} for both marks,
    escape {hex: 7D} and xor 0x20 it is HDLC's.
    """

    type: Literal["escaped"]
    start: Marks = b"\x02"
    end: Marks = b"\x03"
    escape: Marks = b"\x10"
    xor: Annotated[int, Field(ge=0, le=255)] = Field(0, description="what an escaped byte is changed by, as 0x20")
    trailer: Annotated[int, Field(ge=0, le=64)] = Field(0, description="bytes behind the end mark, never escaped")

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Escaped:
        if len(self.escape) != 1:
            raise ValueError("escape is one byte")
        if self.is_flagged and (len(self.start) != 1 or not self.xor or self.trailer):
            raise ValueError(
                "start and end may only be the same as flags of one byte, with xor and without a trailer, as HDLC has "
                "them: 7E, escape 7D, xor 0x20"
            )
        for name, mark in (("start", self.start), ("end", self.end)):
            if len(mark) > 1 and (mark[:1] != self.escape or len(mark) != 2):
                raise ValueError(f"{name} is one byte, or the escape and one byte, like DLE STX")
        return self

    @property
    def is_flagged(self) -> bool:
        """Whether one mark stands between frames, the end of one and the start of the next."""
        return self.start == self.end


class Iec62056Frames(_Framing):
    """IEC 62056-21: identification lines, data blocks from STX to ETX with their check, and single ACK and NAK."""

    type: Literal["iec62056-21"]
    max_length: FrameBytes = 32_768


Framing = Annotated[
    Annotated[
        Line | Fixed | StartEnd | LengthField | Gap | Slip | Cobs | Escaped | Iec62056Frames,
        Field(discriminator="type"),
    ],
    ByType(MEANT),
]
