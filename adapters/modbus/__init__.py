"""Modbus over TCP, TLS, UDP and serial lines."""

from adapters.modbus.adapter import ModbusAdapter

__all__ = ["ModbusAdapter"]
