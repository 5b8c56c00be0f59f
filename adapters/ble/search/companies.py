"""Whose data an advertisement carries: the companies that are met most (Bluetooth SIG, Assigned Numbers, 7.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COMPANIES: Mapping[int, str] = MappingProxyType(
    {
        0x0002: "Intel",
        0x0006: "Microsoft",
        0x000D: "Texas Instruments",
        0x000F: "Broadcom",
        0x001D: "Qualcomm",
        0x004C: "Apple",
        0x0059: "Nordic Semiconductor",
        0x0075: "Samsung",
        0x0087: "Garmin",
        0x00E0: "Google",
        0x0131: "Cypress",
        0x0157: "Huami",
        0x01D9: "Logitech",
        0x02E5: "Espressif",
        0x038F: "Xiaomi",
        0x0499: "Ruuvi",
        0x0969: "Woan (SwitchBot)",
        0x0BA9: "Shelly",
        0xFFFF: "for tests",
    }
)
