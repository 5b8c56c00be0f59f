"""A Modbus device in the configuration, and what its link and points are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import override

from adapters.modbus.config.link import ModbusLink
from adapters.modbus.config.point import ModbusPoint
from adapters.modbus.config.sunspec import SunSpec, from_switch, or_switch
from adapters.modbus.config.tables import (
    ADDRESSES,
    BIT_TABLES,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_READ_WRITE_REGISTERS,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    Table,
)
from gateway.adapter import DeviceConfig, Identifier, Period, StrictModel, check_commands, check_read_backs
from gateway.values import Order

REGISTER_BITS = 16
SUNSPEC_REGISTERS = 4
"""Of its widest numbers, which have 64 bits (SunSpec Device Information Model Specification, 5.3)."""

RegisterHole = Annotated[int, Field(ge=0, le=MAX_READ_REGISTERS)]
BitHole = Annotated[int, Field(ge=0, le=MAX_READ_BITS)]


class Holes(StrictModel):
    """How many addresses that no point uses are read along to save a request; 0 for never."""

    registers: RegisterHole = 16
    bits: BitHole = 128
    holding: RegisterHole | None = Field(None, description="of this table, if not as `registers` says")
    input: RegisterHole | None = Field(None, description="of this table, if not as `registers` says")
    coil: BitHole | None = Field(None, description="of this table, if not as `bits` says")
    discrete: BitHole | None = Field(None, description="of this table, if not as `bits` says")


class ModbusDevice(DeviceConfig[ModbusPoint]):
    """One unit on a link."""

    unit_id: Annotated[int, Field(ge=0, le=255)] = 1
    timeout: Period = Field(1.0, description="how long a reply may take")
    probe_every: Period = Field(30.0, description="a dead device is tried so often, as far as the bus has time")
    order: Order = Field("ABCD", description="word and byte order of all points")
    address_base: Literal[0, 1] = Field(0, description="0: wire addresses; 1: addresses as many manuals print them")
    max_registers: Annotated[int, Field(ge=1, le=MAX_READ_REGISTERS)] = Field(
        MAX_READ_REGISTERS, description="registers in one request"
    )
    max_bits: Annotated[int, Field(ge=1, le=MAX_READ_BITS)] = Field(MAX_READ_BITS, description="bits in one request")
    max_hole: Holes = Holes()
    write: Literal["auto", "single", "multiple"] = Field(
        "auto",
        description="single: one register or coil in each request (function 5, 6); multiple: only function 15, 16; "
        "auto: whichever fits",
    )
    mask_write: bool = Field(False, description="bit fields by function 22, which leaves the other bits to the device")
    read_write: bool = Field(False, description="verify by function 23, which writes and reads back in one request")
    blocks: bool = Field(
        True, description="false: a request for each point, where a device refuses to have several read at once"
    )
    sunspec: Annotated[SunSpec | None, BeforeValidator(from_switch)] = Field(
        None, description="true: the device says itself which points it has, by SunSpec", json_schema_extra=or_switch
    )
    points: dict[Identifier, ModbusPoint] = Field({}, description="required, but for sunspec devices: these have more")

    def address_on(self, link: ModbusLink) -> str:
        """Where the device is found, for people."""
        return f"{link.path if link.is_serial else link.peer} unit {self.unit_id}"

    @model_validator(mode="after")
    def _has_points(self) -> ModbusDevice:
        if not self.points and self.sunspec is None:
            raise ValueError("it has no points: name some, or write sunspec: true if it is such a device")
        return self

    @override
    @model_validator(mode="after")
    def _commands_make_sense(self) -> ModbusDevice:
        check_read_backs(self)
        if self.sunspec is None:  # else the points are not known here
            check_commands(self)
        return self

    @model_validator(mode="after")
    def _addresses_exist(self) -> ModbusDevice:
        for name, point in self.points.items():
            first = point.address - self.address_base
            if first < 0:
                raise ValueError(f"points.{name}: with address_base 1 addresses count from 1, so 0 does not exist")
            if first + point.width > ADDRESSES:
                last = ADDRESSES - 1 + self.address_base
                raise ValueError(f"points.{name}: its {point.width} registers end beyond {last}, the last there is")
            factor = 0 if point.scale_from is None else point.scale_from - self.address_base
            if not 0 <= factor < ADDRESSES:
                raise ValueError(f"points.{name}: scale_from {point.scale_from} is no address here, see address_base")
        return self

    @model_validator(mode="after")
    def _points_fit_one_request(self) -> ModbusDevice:
        for name, point in self.points.items():
            if point.table not in BIT_TABLES and point.width > self.max_registers:
                limits = f"max_registers, which is {self.max_registers}"
                hint = "" if point.length is None else ": shorten its length"
                raise ValueError(f"points.{name}: its {point.width} registers are more than {limits}{hint}")
        if self.sunspec is not None and self.max_registers < SUNSPEC_REGISTERS:
            raise ValueError(f"max_registers must be at least {SUNSPEC_REGISTERS} for sunspec, which has wide values")
        return self

    @model_validator(mode="after")
    def _can_be_written(self) -> ModbusDevice:
        if self.read_write and self.write == "single":
            raise ValueError("read_write is function 23, which writes several registers: it does not go with single")
        for name, point in self.points.items():
            count = 0 if point.writable is False or point.table in BIT_TABLES else _registers_written(point)
            if count > (most := self.most_written("holding")):
                raise ValueError(f"points.{name}: {_too_wide(count, most, single=self.write == 'single')}")
        return self

    def most_written(self, table: Table) -> int:
        """Registers or coils that one request to write may hold."""
        if self.write == "single":
            return 1
        return min(self.max_bits, MAX_WRITE_BITS) if table in BIT_TABLES else min(self.max_registers, self._most_words)

    @property
    def _most_words(self) -> int:
        return MAX_READ_WRITE_REGISTERS if self.read_write else MAX_WRITE_REGISTERS


def _registers_written(point: ModbusPoint) -> int:
    """Those that hold any of its bits."""
    low, high = (number // REGISTER_BITS for number in point.bits or (0, REGISTER_BITS * point.width - 1))
    return high - low + 1


def _too_wide(width: int, most: int, *, single: bool) -> str:
    """What to do about a point that no request can write."""
    if single:
        return f"its {width} registers can't be written one by one: leave out write: single, or the point's writable"
    return f"its {width} registers can't be written in one request, which holds {most} at most; leave out writable"
