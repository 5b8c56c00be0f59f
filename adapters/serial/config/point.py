"""A point of a serial device in the configuration. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from adapters.serial.config.sense import complaints
from adapters.serial.config.talk import PointWrite
from gateway.adapter import Identifier, PlacedPoint

TypeName = Literal[
    "float", "int", "bool", "string", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "bcd16", "bcd32", "bytes",
]  # fmt: skip


class SerialPoint(PlacedPoint):
    """A value within a message: by what it is called there (`from`), or by where it stands in a binary frame (`at`)."""

    type: TypeName
    message: Identifier | None = Field(
        None, description="which of the device's messages it is in, if there are several"
    )
    from_: str | int | None = Field(
        None,
        alias="from",
        description="group of match, column, key, NMEA field or meter address; else the point's name",
    )
    base: Literal[2, 8, 10, 16] = Field(10, description="of an int in characters")
    decimal: Literal[".", ","] = Field(".", description="of a float in characters")
    write: PointWrite | None = Field(None, description="how it is written; goes with writable")

    def called(self, name: str) -> str:
        """What a point of this name is called within its message."""
        return name if self.from_ is None else str(self.from_)

    @model_validator(mode="after")
    def _makes_sense(self) -> SerialPoint:
        for sentence in complaints(self):
            raise ValueError(sentence)
        return self
