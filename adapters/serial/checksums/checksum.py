"""What a frame is checked by: the configuration's part. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from adapters.serial.checksums.catalogue import NMEA, known, width_of
from gateway.adapter import StrictModel


class Checksum(StrictModel):
    """Where it stands and what it covers; positions count from the frame's first byte, or below 0 from its end."""

    type: Annotated[str, AfterValidator(known)] = Field(
        description="sum8, sum16, xor8, lrc, fletcher-16, crc-16/modbus, crc-32, nmea, ..."
    )
    encoding: Literal["binary", "hex"] = Field("binary", description="hex: two digits of ASCII for each byte")
    endian: Literal["big", "little"] = Field("big", description="of its own bytes; a Modbus CRC is little")
    at: int | None = Field(None, description="where it stands; if not given, it ends the frame")
    first: Annotated[int, Field(ge=0)] = Field(0, description="the first byte that it covers")
    until: int | None = Field(None, description="the first byte that it does not cover; if not given, its own first")

    @model_validator(mode="after")
    def _covers_something(self) -> Checksum:
        if self.at is not None and 0 <= self.at <= self.first:
            raise ValueError(f"at {self.at} lies before what it covers, which begins at first: {self.first}")
        if self.at is not None and self.at < 0 and -self.at < self.width:
            raise ValueError(f"at {self.at} leaves no room for its {self.width} bytes")
        return self

    @property
    def width(self) -> int:
        """Bytes it takes in the frame; that of NMEA is never anything but hex."""
        return width_of(self.type) * (2 if self.encoding == "hex" or self.type == NMEA else 1)
