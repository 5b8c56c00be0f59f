"""What BlueZ is told to listen for where it scans passively: it wants to know how advertisements begin. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bleak.assigned_numbers import AdvertisementDataType

from adapters.ble.config import BleDevice

Pattern = tuple[int, AdvertisementDataType, bytes]
"""Where in which part of an advertisement which bytes are."""

MOST = 16
"""Of one monitor, in what BlueZ passes to the kernel; more are refused."""

FLAGS = (0x06, 0x02, 0x04, 0x05, 0x1A)
"""With which most devices begin: general or limited discoverable, no BR/EDR or both (Core Specification Supplement
11, Part A, 1.3)."""

BASE = "-0000-1000-8000-00805f9b34fb"

MANUFACTURERS = {"ruuvi": (0x0499,), "ibeacon": (0x004C,), "govee": (0xEC88, 0x0001)}
SERVICES = {
    "bthome": ("fcd2", "181c", "181e"),
    "atc": ("181a",),
    "eddystone": ("feaa",),
    "xiaomi": ("fe95",),
}
"""By decoder; who is heard by these needs no flags."""


def patterns_for(devices: Iterable[BleDevice]) -> list[Pattern]:
    """For these devices, and for whoever else begins with usual flags; what matters most first."""
    wanted = dict.fromkeys([*_own(devices), *((0, AdvertisementDataType.FLAGS, bytes([flags])) for flags in FLAGS)])
    return list(wanted)[:MOST]


def _own(devices: Iterable[BleDevice]) -> Iterator[Pattern]:
    for device in devices:
        decodes = device.decodes or ""
        for data in (device.data, *(point.data for point in device.points.values())):
            if data is not None and data.manufacturer is not None:
                yield _manufacturer(data.manufacturer)
            if data is not None and data.service is not None:
                yield _service(data.service)
        yield from map(_manufacturer, MANUFACTURERS.get(decodes, ()))
        yield from (_service(f"0000{short}{BASE}") for short in SERVICES.get(decodes, ()))


def _manufacturer(company: int) -> Pattern:
    return 0, AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA, company.to_bytes(2, "little")


def _service(uuid: str) -> Pattern:
    digits = uuid.replace("-", "")
    if uuid.endswith(BASE) and uuid.startswith("0000"):
        return 0, AdvertisementDataType.SERVICE_DATA_UUID16, bytes.fromhex(digits[4:8])[::-1]
    return 0, AdvertisementDataType.SERVICE_DATA_UUID128, bytes.fromhex(digits)[::-1]
