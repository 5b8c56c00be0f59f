"""A Modbus point in the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from gateway.adapter import PointConfig
from gateway.model import Kind, Value
from gateway.values import SCALARS, Order, Quantity, Unwritable, encode

MAX_READ_REGISTERS = 125
"""In one request (MODBUS Application Protocol V1.1b3, 6.3 and 6.4)."""
MAX_READ_BITS = 2000
"""In one request (MODBUS Application Protocol V1.1b3, 6.1 and 6.2)."""
MAX_WRITE_REGISTERS = 123
"""In one request (MODBUS Application Protocol V1.1b3, 6.12)."""
MAX_WRITE_BITS = 1968
"""In one request (MODBUS Application Protocol V1.1b3, 6.11)."""
MAX_READ_WRITE_REGISTERS = 121
"""Written in one request that also reads (MODBUS Application Protocol V1.1b3, 6.17)."""
ADDRESSES = 65536
"""In each table (MODBUS Application Protocol V1.1b3, 4.3)."""

Table = Literal["holding", "input", "coil", "discrete"]
ScalarName = Literal[
    "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"
]  # fmt: skip

BIT_TABLES: frozenset[Table] = frozenset({"coil", "discrete"})
WRITABLE_TABLES: frozenset[Table] = frozenset({"coil", "holding"})


class ModbusPoint(PointConfig):
    """A value in one of the four tables."""

    type: ScalarName
    address: Annotated[int, Field(ge=0, le=ADDRESSES)] = Field(description="as the device's address_base counts")
    table: Table = "holding"
    order: Order | None = Field(None, description="word and byte order, if not the device's")
    scale: float = 1.0
    offset: float = 0.0
    decimals: Annotated[int, Field(ge=0, le=15)] | None = Field(
        None, description="round to so many, if not to those of scale and offset"
    )

    @property
    def width(self) -> int:
        """Registers, or bits in a bit table."""
        return max(1, SCALARS[self.type].size // 2)

    @property
    def quantity(self) -> Quantity:
        """What a raw number of this point means."""
        low, high = self.range or (None, None)
        return Quantity(self.type, self.scale, self.offset, self.decimals, low, high, tuple((self.enum or {}).items()))

    @property
    def kind(self) -> Kind:
        """How the value is written in JSON."""
        return self.quantity.kind

    @override
    def unwritable(self, value: Value) -> str | None:
        """What its registers can't hold."""
        try:
            encode(self.quantity, value)
        except Unwritable as error:
            return str(error)
        return None

    @model_validator(mode="after")
    def _fits_its_table(self) -> ModbusPoint:
        if self.table in BIT_TABLES and self.type != "bool":
            raise ValueError(f"a {self.table} holds one bit, so its type is bool, not {self.type}")
        if self.writable is not False and self.table not in WRITABLE_TABLES:
            raise ValueError(f"nothing can be written to the {self.table} table; only coil and holding are writable")
        if self.verify and self.writable is False:
            raise ValueError("verify reads a written value back, but this point is not writable")
        return self

    @model_validator(mode="after")
    def _makes_sense(self) -> ModbusPoint:
        plain = self.scale == 1 and self.offset == 0 and self.decimals is None and self.range is None
        if self.scale == 0:
            raise ValueError("scale can't be 0: every value would be the offset")
        if (self.type == "bool" or self.enum) and not plain:
            what = "an enum maps raw values to labels" if self.enum else "a bool is true or false"
            raise ValueError(f"{what}; scale, offset, decimals and range have no meaning here")
        if self.enum is not None:
            _check_labels(self)
        return self


def _check_labels(point: ModbusPoint) -> None:
    scalar, labels = SCALARS[point.type], point.enum or {}
    if scalar.is_float:
        raise ValueError(f"an enum needs whole raw values, but {point.type} is not a whole number")
    if not labels:
        raise ValueError("an enum needs at least one label")
    for code in labels:
        if not scalar.low <= code <= scalar.high:
            raise ValueError(f"the enum's code {code} can't occur: {point.type} is {scalar.low} to {scalar.high}")
    if len({type(label) for label in labels.values()}) > 1:
        raise ValueError("the labels of an enum must be all text, all numbers of one kind or all true/false")
