"""A link, its devices and their points in the configuration."""

from adapters.modbus.config.device import Holes, ModbusDevice
from adapters.modbus.config.link import ModbusLink
from adapters.modbus.config.point import Byte, ModbusPoint
from adapters.modbus.config.tables import BIT_TABLES, MAX_READ_BITS, MAX_READ_REGISTERS, Table

__all__ = [
    "BIT_TABLES",
    "MAX_READ_BITS",
    "MAX_READ_REGISTERS",
    "Byte",
    "Holes",
    "ModbusDevice",
    "ModbusLink",
    "ModbusPoint",
    "Table",
]
