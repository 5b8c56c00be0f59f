"""One kind of frame that a device sends, and how it is asked for. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adapters.serial.config.decoding import Decode
from adapters.serial.config.talk import Poll
from adapters.serial.patterns import PatternText
from gateway.adapter import Period, StrictModel
from gateway.template.octets import Octets
from gateway.template.send import Send


class Bytes(StrictModel):
    """What stands at a place of a binary frame."""

    at: int = Field(description="from 0, or from the end below 0")
    is_: Octets = Field(alias="is")


class MessageParts(StrictModel):
    """What a message says of itself; a device with a single one says it of itself."""

    match: PatternText | Annotated[list[Bytes], Field(min_length=1)] | None = Field(
        None,
        description="what its frames look like: a pattern, or [{at: 1, is: {hex: 10}}]; its named groups are values",
    )
    decode: Decode | None = Field(
        None,
        description="pattern, columns, key-value, binary, nmea or iec62056-21; if not given, as match and points say",
    )
    poll: Poll | None = Field(None, description="how it is asked for; without it the device sends by itself")
    ack: Send | None = Field(
        None, description="what is sent once the values are on disk, for devices that wait for that"
    )
    stale_after: Period | Literal["never"] | None = Field(
        None, description="after so long without one its values are stale: 3 x every, or 30s for what is not asked for"
    )
    example: Octets | None = Field(
        None, description="one frame as the manual prints it: checked, and what `simulate` sends"
    )


class Message(MessageParts):
    """One of a device's messages."""

    every: Period | None = Field(None, description="how often it is asked for, if not the device's")
