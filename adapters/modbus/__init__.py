"""Modbus TCP."""

from adapters.modbus.adapter import ModbusAdapter

__all__ = ["ModbusAdapter"]
