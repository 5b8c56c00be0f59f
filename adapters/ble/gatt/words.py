"""What the codes mean with which a device refuses something (Core Specification 6.0, Vol 3, Part F, 3.4.1.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NEEDS_PAIRING = "it wants to be paired with first: write gatt: {pair: true}, or its passkey"
PAIR_ANEW = "if it was reset since it was paired, `bluetoothctl remove ADDRESS`, and make it ready to be paired"
NO_PAIRING = f"is its passkey right, and is it ready to be paired? And {PAIR_ANEW}"
KEYS_LOST = f"it does not know its pairing any more: {PAIR_ANEW}"
UNPAIRED = frozenset({0x05, 0x0F})
LOST_CODE = 0x0E
"""Unlikely Error: also what BlueZ gives to what was under way when the connection went down."""

REFUSALS: Mapping[int, str] = MappingProxyType(
    {
        0x01: "it does not know that handle any more: its services have changed",
        0x02: "it does not let that be read",
        0x03: "it does not let that be written",
        0x04: "it does not understand the request",
        0x05: NEEDS_PAIRING,
        0x06: "it does not support that request",
        0x07: "it has nothing at that place",
        0x08: "it does not allow that to this gateway",
        0x09: "it has no room for long writes just now",
        0x0A: "it has no such attribute any more: its services have changed",
        0x0B: "it does not let that be read in parts",
        0x0C: "it wants a longer encryption key: pair with it anew",
        0x0D: "it does not take a value of that length",
        0x0E: "something unlikely went wrong in it",
        0x0F: NEEDS_PAIRING,
        0x10: "it does not know that kind of service",
        0x11: "it has not enough memory for that",
        0x12: "its services have changed",
        0x13: "it does not take that value",
        0xFC: "it refuses that write",
        0xFD: "its notifications are not set up rightly",
        0xFE: "it is still busy with the last request",
        0xFF: "that value is out of its range",
    }
)

OF_APPLICATION = range(0x80, 0xA0)
"""Codes whose meaning is the device's own."""


def refusal(code: int, *, pairs: bool = False) -> str:
    """A sentence, with the code; `pairs`: of one that is paired with."""
    if pairs and code in UNPAIRED:
        return f"{KEYS_LOST} (ATT error 0x{code:02x})"
    if code in OF_APPLICATION:
        return f"it refuses with a code of its own, 0x{code:02x}: its manual says what that means"
    return f"{REFUSALS.get(code, 'it refuses')} (ATT error 0x{code:02x})"
