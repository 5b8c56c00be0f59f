"""A point of a serial device in the configuration. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from adapters.serial.config.sense import complaints
from adapters.serial.config.talk import PointWrite
from gateway.adapter import Identifier, ValuePoint
from gateway.model import Kind, Value
from gateway.values import SCALARS, Order, Quantity

TypeName = Literal[
    "float", "int", "bool", "string", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "bcd16", "bcd32", "bytes",
]  # fmt: skip


class SerialPoint(ValuePoint):
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
    at: int | None = Field(None, description="its first byte in a binary frame, from 0, or from the end below 0")
    length: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, description="of a string or bytes: how many bytes"
    )
    order: Order = Field("ABCD", description="byte order: ABCD most significant first, DCBA least, CDAB, BADC")
    base: Literal[2, 8, 10, 16] = Field(10, description="of an int in characters")
    decimal: Literal[".", ","] = Field(".", description="of a float in characters")
    enum: dict[int | str, Value] | None = Field(  # type: ignore[assignment]  # texts, too
        None, description="what is there: what it means; anything else is bad, invalid"
    )
    invalid: list[int | float | str] = Field([], description='what is there when there is no value: "-----", 0x7FFF')
    write: PointWrite | None = Field(None, description="how it is written; goes with writable")

    @property
    def is_binary(self) -> bool:
        """Whether it stands at a place in a binary frame."""
        return self.at is not None

    def called(self, name: str) -> str:
        """What a point of this name is called within its message."""
        return name if self.from_ is None else str(self.from_)

    @property
    @override
    def quantity(self) -> Quantity:
        """What its raw number means; `float` and `int`, in characters, are float64 and int64 once they are read."""
        low, high = self.range or (None, None)
        kind = {"float": "float64", "int": "int64"}.get(self.type, self.type)
        labels = tuple((int(raw), label) for raw, label in (self.enum or {}).items() if not isinstance(raw, str))
        size = self.length or 0 if SCALARS[kind].is_text else 0
        invalid = tuple(each for each in self.invalid if not isinstance(each, str))
        return Quantity(
            kind,
            self.scale,
            self.offset,
            self.decimals,
            low,
            high,
            labels=labels if self.is_binary else (),
            size=size,
            bits=self.bits,
            invalid=invalid if self.is_binary else (),
            encoding=self.encoding,
        )

    @property
    def kind(self) -> Kind:
        """How the value is written in JSON."""
        if self.enum:
            return _KIND_OF[type(next(iter(self.enum.values())))]
        if self.type == "float":
            return "float"
        return self.quantity.kind

    @model_validator(mode="after")
    def _makes_sense(self) -> SerialPoint:
        for sentence in complaints(self):
            raise ValueError(sentence)
        return self


_KIND_OF: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
