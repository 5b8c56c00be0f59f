"""By what else than its length an entry is known, and known to be whole. Pure."""

from __future__ import annotations

from collections.abc import Callable

from adapters.ble.decoders.library.entry import Entry

_GOVEE_ENDS = {6: b"\x00", 7: b"\x02", 9: b"\x01"}
_GOVEE_MODELS = {6: ("5072", "5075"), 7: ("5074",), 9: ("5051", "5052", "5071")}
_GOVEE_STATIONS = {6: ("5101", "5102", "5177"), 9: ("5178",)}
"""By bytes of data, and by a part of their names."""

_BPARASITE_WITH_LIGHT = 18

_QINGPING_MODELS = frozenset({0x01, 0x07, 0x09, 0x0C, 0x0E, 0x12})
_QINGPING_SIZES = {0x01: 4, 0x02: 1, 0x07: 2, 0x08: 4, 0x09: 4, 0x0F: 1, 0x11: 1, 0x12: 4, 0x13: 2}
_QINGPING_HEAD = 8
"""Models and values with their bytes, behind a head with the address (bleparser 3.7, qingping.py)."""

_SENSIRION_SIZES = {
    3: 8, 4: 4, 6: 4, 8: 6, 10: 6, 12: 8, 14: 6, 16: 8, 20: 12, 22: 8, 24: 10, 26: 12, 28: 8, 30: 8, 32: 12, 34: 2,
}  # fmt: skip
"""Bytes of a sample by its type (Sensirion, arduino-ble-gadget, setDataType)."""
_SENSIRION_HEAD = 4
_SENSIRION_NAMES = ("MyCO2", "SHT40 Gadget", "SHT41 Gadget", "SHT45 Gadget")

SENSORPUSH = "ef090000-11d6-42ba-93b8-9dd7ec090ab0"
_SENSORPUSH_HTP, _SENSORPUSH_HT = 0x00, 0x04
_SENSORPUSH_COUNTS = {_SENSORPUSH_HTP: (5, 72001 * 40001 * 95001), _SENSORPUSH_HT: (3, 66001 * 40001)}
"""By the first byte: bytes of data, and how many numbers mean something: the steps of each value, multiplied."""

_INODE_METER, _INODE_CARE = 0x82, (0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x9A, 0x9B, 0x9C, 0x9D)
_INODE_LENGTHS = {_INODE_METER: 11, **dict.fromkeys(_INODE_CARE, 22)}

_TILT_HEAD, _TILT_COLOURS, _TILT_TAIL = b"\x02\x15\xa4\x95\xbb", range(0x10, 0x90, 0x10), "c5b14b44b5121370f02d74de"
"""An iBeacon whose UUID holds the colour (Tilt, a495bb10-c5b1-4b44-b512-1370f02d74de is the red one)."""


def starts(*marks: bytes) -> Callable[[Entry], bool]:
    """With one of these."""
    return lambda entry: entry.data.startswith(marks)


def govee(entry: Entry) -> bool:
    """Models that differ in length only, and could be another's that is cut short, show what they are at their ends."""
    data = entry.data
    return data[0] == 0 and data.endswith(_GOVEE_ENDS[len(data)]) and _is_model(entry, _GOVEE_MODELS[len(data)])


def govee_station(entry: Entry) -> bool:
    """Likewise."""
    return entry.data.startswith(b"\x01\x01") and _is_model(entry, _GOVEE_STATIONS[len(entry.data)])


def _is_model(entry: Entry, models: tuple[str, ...]) -> bool:
    """By its name, where that was heard."""
    return not entry.name or any(model in entry.name for model in models)


def bparasite(entry: Entry) -> bool:
    """It names its own address; a bit says whether it has the light, too (b-parasite, before BTHome: protocol 1, 2)."""
    data = entry.data
    return data[0] >> 4 in (1, 2) and data[0] & 1 == (len(data) == _BPARASITE_WITH_LIGHT) and data[10:16] == entry.mac


def laica(entry: Entry) -> bool:
    """It names its own address, the last byte first; then a weight or an impedance."""
    return entry.data[:6] == entry.mac[::-1] and entry.data[10] in (0x06, 0x0D)


def kegtron(entry: Entry) -> bool:
    """Its company's number is everybody's, for tests: a name that it has must be its own."""
    return not entry.name or "kegtron" in entry.name.lower()


def xiaogui(entry: Entry) -> bool:
    """It ends with its own address; behind C0 the company's number counts frames."""
    return entry.number & 0xFF == 0xC0 and entry.data[7:] == entry.mac


def probes_address(entry: Entry) -> bool:
    """An iBBQ names its own address, in one order or the other, and no company."""
    return entry.number in (0, 1) and entry.data[2:8] in (entry.mac, entry.mac[::-1])


def qingping(entry: Entry) -> bool:
    """Its values fill it, each of the size that it has."""
    data, at = entry.data, _QINGPING_HEAD
    if len(data) <= at or data[1] not in _QINGPING_MODELS:
        return False
    while at + 2 <= len(data):
        if data[at + 1] != _QINGPING_SIZES.get(data[at], data[at + 1]):
            return False
        at += 2 + data[at + 1]
    return at == len(data)


def sensirion(entry: Entry) -> bool:
    """All of its sample is there."""
    if len(entry.data) < _SENSIRION_HEAD or entry.name not in _SENSIRION_NAMES or entry.data[0] != 0:
        return False
    size = _SENSIRION_SIZES.get(entry.data[1])
    return size is not None and len(entry.data) >= _SENSIRION_HEAD + size


def sensorpush(entry: Entry) -> bool:
    """The number that its values are packed into is one that they can make."""
    length, count = _SENSORPUSH_COUNTS.get(entry.number & 0xFF, (-1, 0))
    if len(entry.data) != length or not entry.names(SENSORPUSH):
        return False
    return int.from_bytes(bytes([entry.number >> 8]) + entry.data, "little") < count


def inode(entry: Entry) -> bool:
    """The kind of device stands in the upper half of what would be the company's number, and 9 in the lower."""
    return entry.number & 0xF0 == 0x90 and len(entry.data) == _INODE_LENGTHS.get(entry.number >> 8)


def tilt(entry: Entry) -> bool:
    """One of its colours."""
    data = entry.data
    return data.startswith(_TILT_HEAD) and data[5] in _TILT_COLOURS and data[6:18].hex() == _TILT_TAIL
