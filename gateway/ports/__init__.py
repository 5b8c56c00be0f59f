"""Serial ports and connections to them: what adapters of more than one protocol open."""

from gateway.ports.settings import PortName, Rs485, SerialSettings

__all__ = ["PortName", "Rs485", "SerialSettings"]
