"""Modbus errors in plain words. Pure."""

from __future__ import annotations

from gateway.model import Bad, BadReason

UNKNOWN_FUNCTION = 1
"""The device does not have the function that was asked for (MODBUS Application Protocol V1.1b3, 7)."""
ACKNOWLEDGE = 5
"""Accepted, but it will take long (MODBUS Application Protocol V1.1b3, 7)."""
NO_PATH = 0x0A
"""The gateway could not even ask the device (MODBUS Application Protocol V1.1b3, 7)."""

EXCEPTIONS = {
    UNKNOWN_FUNCTION: "the device does not know this function; the point may be in another table",
    2: "the device has no such address; manuals often count from 1, see address_base",
    3: "the device refuses the value or the length",
    4: "the device failed at it",
    ACKNOWLEDGE: "the device has accepted it but needs longer",
    6: "the device is busy",
    7: "the device cannot do it now",
    8: "the device's memory is damaged",
    NO_PATH: "the Modbus gateway was reached, but it has no way to the device behind it",
    0x0B: "the Modbus gateway was reached, but the device behind it does not answer",
}
"""MODBUS Application Protocol V1.1b3, 7."""

REASONS = {
    BadReason.TIMEOUT: "the device does not answer in time",
    BadReason.NO_LINK: "the connection was lost",
    BadReason.DECODE_ERROR: "the device's answer does not fit the question",
}


def explain(bad: Bad) -> str:
    """Why a request brought nothing, as part of a sentence."""
    if bad.code is not None:
        return EXCEPTIONS.get(bad.code, "the device refuses it") + f" (exception {bad.code})"
    return REASONS.get(bad.reason, bad.reason)
