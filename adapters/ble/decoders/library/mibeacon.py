"""Xiaomi's frames: opened here, since bleparser neither says why one stays shut nor checks all it decrypts. Pure.

The format is MiBeacon 2 to 5 (bleparser 3.7, xiaomi.py; pvvx, ATC_MiThermometer, mi_beacon.h).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.ble.decoders.contract import Refusal, Refused, Remembered
from adapters.ble.decoders.crypto import KEY_BYTES, opener
from adapters.ble.decoders.library.entry import Entry
from adapters.ble.decoders.replays import Replays
from adapters.ble.decoders.sealed import replayed

NAME = "xiaomi"
SERVICE = 0xFE95

_ENCRYPTED, _ADDRESSED, _CAPABLE, _FILLED, _MESH = 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
_HAS_IO = 0x20
_OLDEST = 2
_SIGNED_SINCE = 4
"""Bits of the frame control, of the capability; versions before have no signature."""
_HEAD, _TAIL, _OLD_TAIL = 5, 7, 4
_HEADER = b"\x11"
_OLD_KEY_BYTES = 12
_OLD_KEY_MIDDLE = bytes.fromhex("8d3d3c97")

SIZES: Mapping[int, tuple[int, ...]] = {
    0x0003: (1,), 0x0006: (5,), 0x0007: (1, 5), 0x0008: (1, 5), 0x000B: (9,), 0x000F: (3,), 0x0010: (1, 2),
    0x1001: (3,), 0x1004: (2,), 0x1005: (2,), 0x1006: (2,), 0x1007: (3,), 0x1008: (1,), 0x1009: (2,), 0x100A: (1,),
    0x100D: (4,), 0x100E: (1,), 0x1010: (2,), 0x1012: (1,), 0x1013: (1,), 0x1014: (1,), 0x1015: (1,), 0x1017: (4,),
    0x1018: (1,), 0x1019: (1,), 0x2000: (5,),
}  # fmt: skip
"""Bytes of an object by its number (Xiaomi, MiBeacon object definition)."""


COUNTERS = 256
"""How many numbers there are for frames; what stands above them is only in those that are encrypted."""


class Opened(NamedTuple):
    """A frame without its encryption, and its number; `is_empty`: it only says that the device is there."""

    entry: Entry
    counter: int
    is_empty: bool = False


class _Head(NamedTuple):
    control: int
    counter: int
    at: int

    @property
    def version(self) -> int:
        return self.control >> 12


class MiBeacon:
    """Frames of one device."""

    def __init__(self, key: bytes | None, memory: Remembered) -> None:
        self._key = key
        self._open = opener(key) if key is not None and len(key) == KEY_BYTES else None
        self._replays = Replays(NAME, memory, key) if key is not None and len(key) == KEY_BYTES else None

    def open(self, entry: Entry) -> Opened | Refused | None:
        """None: it is of a kind that nobody knows."""
        head = _head(entry)
        if not isinstance(head, _Head):
            return head
        if not head.control & _FILLED:
            return Opened(entry, head.counter, is_empty=True)
        if head.at >= len(entry.data):
            return _malformed("it ends before its values")
        if not head.control & _ENCRYPTED:
            if self._key is not None:
                return _refused(Refusal.NOT_ENCRYPTED, "it is not encrypted, although there is a key for it")
            return _checked(entry, head, entry.data[head.at :])
        if self._key is None:
            return _refused(Refusal.ENCRYPTED, "it is encrypted: give the device its key")
        return self._signed(entry, head) if head.version >= _SIGNED_SINCE else self._unsigned(entry, head, self._key)

    def _signed(self, entry: Entry, head: _Head) -> Opened | Refused | None:
        data = entry.data
        if self._open is None or self._replays is None:
            return _refused(Refusal.WRONG_KEY, f"its key has {2 * KEY_BYTES} hex digits, and the one given has not")
        if len(data) <= head.at + _TAIL:
            return _malformed("it is too short to be encrypted")
        extended, tag = data[-_TAIL:-4], data[-4:]
        plain = self._open(entry.mac[::-1] + data[2:5] + extended, data[head.at : -_TAIL], tag, _HEADER)
        if plain is None:
            return _refused(Refusal.WRONG_KEY, "its key does not open it")
        counter = int.from_bytes(data[4:5] + extended, "little")
        opened = _checked(entry, head, plain)
        if isinstance(opened, Opened) and not self._replays.accept(counter, entry.advert.time_ms):
            return replayed(NAME, counter, self._replays.last)
        return opened

    def _unsigned(self, entry: Entry, head: _Head, key: bytes) -> Opened | Refused | None:
        """Any key gives something: only objects that are known, and fill it, show that it was the right one."""
        from Cryptodome.Cipher import AES  # noqa: PLC0415  # the ble extra

        data = entry.data
        if len(key) != _OLD_KEY_BYTES:
            return _refused(
                Refusal.WRONG_KEY, f"its key has {2 * _OLD_KEY_BYTES} hex digits, and the one given has not"
            )
        if len(data) <= head.at + _OLD_TAIL:
            return _malformed("it is too short to be encrypted")
        nonce = data[:5] + data[-_OLD_TAIL:-1] + entry.mac[:0:-1]
        cipher = AES.new(key[:6] + _OLD_KEY_MIDDLE + key[6:], AES.MODE_CCM, nonce=nonce, mac_len=4)
        plain = cipher.update(_HEADER).decrypt(data[head.at : -_OLD_TAIL])
        if not _is_filled(plain, lambda number, size: size in SIZES.get(number, ())):
            return _refused(Refusal.WRONG_KEY, "its key does not open it")
        return _checked(entry, head, plain)


def _head(entry: Entry) -> _Head | Refused | None:
    data = entry.data
    if len(data) < _HEAD:
        return _malformed("it is too short for its head")
    control, at = int.from_bytes(data[:2], "little"), _HEAD
    if control & _MESH or control >> 12 < _OLDEST:
        return None
    if control & _ADDRESSED:
        if data[at : at + 6] != entry.mac[::-1]:
            return _malformed("it has the address of another device")
        at += 6
    if control & _CAPABLE:
        at += 2 if data[at : at + 1] and data[at] & _HAS_IO else 1
    return _Head(control, data[4], at)


def _checked(entry: Entry, head: _Head, plain: bytes) -> Opened | Refused:
    """As it would be if it were not encrypted."""
    if not _is_filled(plain, lambda _number, size: size > 0):
        return _malformed("its values do not fill it")
    control = head.control & ~_ENCRYPTED
    data = control.to_bytes(2, "little") + entry.data[2 : head.at] + plain
    return Opened(entry._replace(data=data), head.counter)


def _is_filled(plain: bytes, fits: Callable[[int, int], bool]) -> bool:
    """Whether objects, each with its number and size before it, make up all of it."""
    at = 0
    while at + 3 <= len(plain):
        size = plain[at + 2]
        if not fits(int.from_bytes(plain[at : at + 2], "little"), size):
            return False
        at += 3 + size
    return at == len(plain) and at > 0


def _malformed(text: str) -> Refused:
    return _refused(Refusal.MALFORMED, text)


def _refused(why: Refusal, text: str) -> Refused:
    return Refused(NAME, why, text)
