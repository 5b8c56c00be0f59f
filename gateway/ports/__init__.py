"""Serial ports and connections to them: what adapters of more than one protocol open.

Here is what a configuration says of them, which is pure; `connect` opens, `pseudo` makes, `listed` finds them, and who
serves devices in the place of real ones begins with `serving`.
"""

from gateway.ports.host import Host
from gateway.ports.place import Kind, PortName, address_of, identity_of, is_local, kind_of
from gateway.ports.settings import (
    LETTERS,
    MAX_BAUDRATE,
    MIN_BAUDRATE,
    Baudrate,
    FlowControl,
    Parity,
    PortSettings,
    Rs485,
    SerialSettings,
    StopBits,
    back_soon,
    setting_of,
)

__all__ = [
    "LETTERS",
    "MAX_BAUDRATE",
    "MIN_BAUDRATE",
    "Baudrate",
    "FlowControl",
    "Host",
    "Kind",
    "Parity",
    "PortName",
    "PortSettings",
    "Rs485",
    "SerialSettings",
    "StopBits",
    "address_of",
    "back_soon",
    "identity_of",
    "is_local",
    "kind_of",
    "setting_of",
]
