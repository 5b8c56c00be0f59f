"""A Modbus point in the configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from adapters.modbus.config.sense import complaints
from adapters.modbus.config.tables import ADDRESSES, BIT_TABLES, MAX_READ_REGISTERS, Table, reference
from gateway.adapter import RawNumbers, ValuePoint
from gateway.model import Kind, Value
from gateway.values import SCALARS, Order, Quantity, Spoiled, Unwritable, decode_one, encode

ScalarName = Literal[
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64",
    "bcd16", "bcd32", "string", "bytes",
]  # fmt: skip
Byte = Literal["high", "low"]

REGISTER_BYTES = 2


class ModbusPoint(ValuePoint):
    """A value in one of the four tables."""

    type: ScalarName
    address: Annotated[int, Field(ge=0, le=ADDRESSES)] = Field(description="as the device's address_base counts")
    table: Table = "holding"
    length: Annotated[int, Field(ge=1, le=MAX_READ_REGISTERS)] | None = Field(
        None, description="of a string or bytes: how many registers, two bytes in each"
    )
    byte: Byte = Field("low", description="which byte of its register an int8 or uint8 is")
    order: Order | None = Field(None, description="word and byte order, if not the device's")
    scale_from: Annotated[int, Field(ge=0, le=ADDRESSES)] | None = Field(
        None, description="address of the int16 in the same table that holds a power of ten, multiplied with scale"
    )
    invalid: RawNumbers = Field((), description='raw values, before bits and scale, that mean "no value"')

    @property
    def width(self) -> int:
        """Registers, or bits in a bit table."""
        return self.length or max(1, SCALARS[self.type].size // REGISTER_BYTES)

    @property
    @override
    def quantity(self) -> Quantity:
        """What a raw number of this point means."""
        low, high = self.range or (None, None)
        is_wide = SCALARS[self.type].is_text or (self.type == "bool" and self.table not in BIT_TABLES)
        return Quantity(
            self.type,
            self.scale,
            self.offset,
            self.decimals,
            low,
            high,
            labels=tuple((self.enum or {}).items()),
            size=self.width * REGISTER_BYTES if is_wide else 0,
            bits=self.bits,
            invalid=self.invalid,
            encoding=self.encoding,
            varies=self.scale_from is not None,
        )

    @property
    def kind(self) -> Kind:
        """How the value is written in JSON."""
        return self.quantity.kind

    @override
    def unwritable(self, value: Value) -> str | None:
        """What its registers can't hold; nobody can tell where only the device knows the scale."""
        if self.scale_from is not None:
            return None
        try:
            data = encode(self.quantity, value)
            rounded = decode_one(self.quantity._replace(invalid=()), data)
        except Unwritable as error:
            return str(error)
        except Spoiled:
            return "the nearest value that can be written is outside its range"
        return self.off_limits(rounded) if rounded != value else None

    @field_validator("address", mode="before")
    @classmethod
    def _is_no_reference(cls, given: Any) -> Any:
        if isinstance(given, int) and (meant := reference(given)) is not None:
            table, number = meant
            raise ValueError(
                f"in manuals {given} is number {number} of the {table} table: write address: {number}, "
                f"table: {table}, and address_base: 1 for the device"
            )
        return given

    @model_validator(mode="after")
    def _makes_sense(self) -> ModbusPoint:
        for sentence in complaints(self):
            raise ValueError(sentence)
        return self
