"""Serial devices that speak a protocol of their own, described in the configuration."""

from adapters.serial.adapter import SerialAdapter

__all__ = ["SerialAdapter"]
