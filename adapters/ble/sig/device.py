"""What a device is, its battery and its clock (GATT Specification Supplement; Core Specification 6.0, 3.C.12). Pure."""

from __future__ import annotations

from adapters.ble.sig.characteristic import Characteristic, SigField
from adapters.ble.sig.flagged import NO_FLAGS, Flags, Part, always, flagged, has
from adapters.ble.sig.forms import BOOLEAN, labels, number, octets, simple, text
from adapters.ble.sig.moments import CURRENT_TIME, DATE_TIME, DATE_UTC
from gateway.model import Value

_QUARTER_MIN = 15
_NO_ZONE = -128
_U8, _U16 = number("uint8"), number("uint16")
_LEVEL = number("uint8", high=100)


def _bits(flags: int, low: int, count: int) -> int:
    """Of the power state, which follows a byte of flags."""
    return flags >> (8 + low) & ((1 << count) - 1)


def _present(flags: int) -> Value:
    return bool(_bits(flags, 0, 1))


def _external(flags: int) -> Value | None:
    """By wire or without; None: it does not know."""
    wired, wireless = _bits(flags, 1, 2), _bits(flags, 3, 2)
    if 1 in (wired, wireless):
        return True
    return False if (wired, wireless) == (0, 0) else None


def _charging(flags: int) -> Value | None:
    state = _bits(flags, 5, 2)
    return None if state == 0 else state == 1


def _charge(flags: int) -> Value | None:
    return (None, "good", "low", "critical")[_bits(flags, 7, 2)]


def _faulty(flags: int) -> Value:
    return _bits(flags, 12, 3) != 0


DEVICE: tuple[tuple[str, Characteristic], ...] = (
    simple("device_name", 0x2A00, text()),
    simple("appearance", 0x2A01, _U16),
    simple("peripheral_privacy_flag", 0x2A02, BOOLEAN),
    flagged(
        "peripheral_preferred_connection_parameters",
        0x2A04,
        NO_FLAGS,
        (
            Part(always, "interval_min", number("uint16", 1.25, unknown=0xFFFF), "ms"),
            Part(always, "interval_max", number("uint16", 1.25, unknown=0xFFFF), "ms"),
            Part(always, "latency", _U16),
            Part(always, "timeout", number("uint16", 10, unknown=0xFFFF), "ms"),
        ),
    ),
    flagged("service_changed", 0x2A05, NO_FLAGS, (Part(always, "first", _U16), Part(always, "last", _U16))),
    simple("alert_level", 0x2A06, labels("no-alert", "mild-alert", "high-alert")),
    simple("tx_power_level", 0x2A07, number("int8"), "dBm"),
    simple("central_address_resolution", 0x2AA6, BOOLEAN),
    simple("database_hash", 0x2B2A, octets(16)),
    simple("battery_level", 0x2A19, _LEVEL, "%"),
    flagged(
        "battery_level_status",
        0x2BED,
        Flags(3, 24),
        (
            Part(has(0), "identifier", _U16),
            Part(has(1), "battery_level", _LEVEL, "%"),
            Part(has(2), "", _U8),
        ),
        {
            "battery_present": (SigField("bool"), _present),
            "external_power": (SigField("bool"), _external),
            "charging": (SigField("bool"), _charging),
            "charge": (SigField("text"), _charge),
            "charging_fault": (SigField("bool"), _faulty),
        },
    ),
    simple("system_id", 0x2A23, octets(8)),
    simple("model_number_string", 0x2A24, text()),
    simple("serial_number_string", 0x2A25, text()),
    simple("firmware_revision_string", 0x2A26, text()),
    simple("hardware_revision_string", 0x2A27, text()),
    simple("software_revision_string", 0x2A28, text()),
    simple("manufacturer_name_string", 0x2A29, text()),
    flagged(
        "pnp_id",
        0x2A50,
        NO_FLAGS,
        (
            Part(always, "vendor_source", labels("bluetooth", "usb", first=1)),
            Part(always, "vendor", _U16),
            Part(always, "product", _U16),
            Part(always, "version", _U16),
        ),
    ),
    simple("language", 0x2AA2, text()),
    simple("date_time", 0x2A08, DATE_TIME),
    simple("current_time", 0x2A2B, CURRENT_TIME),
    simple("date_utc", 0x2AED, DATE_UTC),
    simple("day_of_week", 0x2A09, number("uint8", unknown=0, high=7)),
    simple("time_zone", 0x2A0E, number("int8", _QUARTER_MIN, unknown=_NO_ZONE, low=-720, high=840), "min"),
    flagged(
        "local_time_information",
        0x2A0F,
        NO_FLAGS,
        (
            Part(always, "time_zone", number("int8", _QUARTER_MIN, unknown=_NO_ZONE, low=-720, high=840), "min"),
            Part(always, "dst_offset", number("uint8", _QUARTER_MIN, unknown=0xFF, high=120), "min"),
        ),
    ),
)
