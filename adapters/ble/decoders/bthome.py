"""BTHome, in its first and its second version, plain and encrypted (bthome.io). Pure.

With a key, only what is encrypted is believed. What a newer version has added is passed over and counted; what is
damaged tells nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.ble.advert import Advert
from adapters.ble.decoders.bthome_contents import Contents, read_v1, read_v2
from adapters.ble.decoders.contract import Refusal, Refused, Remembered, Told
from adapters.ble.decoders.crypto import KEY_BYTES, Opener, opener
from adapters.ble.decoders.replays import Replays
from adapters.ble.decoders.sealed import in_the_clear, no_key, replayed, wrong_key

NAME = "bthome"

V2 = "0000fcd2-0000-1000-8000-00805f9b34fb"
"""bthome.io/format, "UUID"."""
V1 = "0000181c-0000-1000-8000-00805f9b34fb"
V1_ENCRYPTED = "0000181e-0000-1000-8000-00805f9b34fb"
"""bthome.io/v1, "BTHome data format"."""

ENCRYPTED, WITH_ADDRESS, TRIGGERED = 0x01, 0x02, 0x04
"""Bits of the device information (bthome.io/format); the second is reserved by now, but some devices still repeat
their address where it is set (bthome-ble 3.25, parser.py)."""
VERSION_SHIFT, VERSION = 5, 2
ADDRESS_BYTES = 6

COUNTER_BYTES, TAG_BYTES = 4, 4
"""They end what is encrypted (bthome.io/encryption)."""
V2_NONCE, V1_NONCE = b"\xd2\xfc", b"\x1e\x18"
"""UUIDs as they are sent, in the nonce between the address and the rest (bthome.io/encryption)."""
V1_HEADER = b"\x11"
"""Authenticated, but not sent (bthome.io/encryption)."""

Read = Callable[[bytes], Contents | None]

PACKETS, COUNTERS = 2**8, 2**32
"""How many numbers there are for packets, and for what is encrypted."""


class BtHomeDecoder:
    """Of one device. Counters are what is authentic in a packet, and with a key nothing else is believed."""

    def __init__(self, key: bytes | None, memory: Remembered) -> None:
        self._key = key
        self._open: Opener | None = opener(key) if key is not None else None
        self._replays = Replays(NAME, memory, key) if key is not None and len(key) == KEY_BYTES else None
        self._newest: tuple[str, bytes] | None = None
        self._said: Told | Refused = _damaged("there is nothing in it")

    def decode(self, advert: Advert) -> Told | Refused | None:
        """What it says; the same again for a packet that is repeated."""
        services = advert.services
        if (data := services.get(V2)) is not None:
            return self._second(advert, data)
        if (data := services.get(V1_ENCRYPTED)) is not None:
            return self._sealed(advert, data, b"", V1_NONCE, V1_HEADER)
        if (data := services.get(V1)) is not None:
            return self._plain(data, read_v1)
        return None

    def _second(self, advert: Advert, data: bytes) -> Told | Refused:
        if not data:
            return _damaged("there is nothing in it")
        about = data[0]
        if about >> VERSION_SHIFT != VERSION:
            return _damaged(f"version {about >> VERSION_SHIFT} is none that there is")
        body = data[1:]
        if about & WITH_ADDRESS:
            if body[:ADDRESS_BYTES][::-1] != _bytes_of(advert.address):
                return _damaged("the address in it is another device's")
            body = body[ADDRESS_BYTES:]
        if about & ENCRYPTED:
            return self._sealed(advert, body, data[:1], V2_NONCE, b"")
        return self._plain(body, read_v2, is_sporadic=bool(about & TRIGGERED))

    def _plain(self, body: bytes, read: Read, *, is_sporadic: bool | None = None) -> Told | Refused:
        if self._key is not None:
            return in_the_clear(NAME)
        if not body:
            return _damaged("there is nothing in it")
        return _told(read(body), is_sporadic=is_sporadic)

    def _sealed(self, advert: Advert, body: bytes, about: bytes, uuid: bytes, header: bytes) -> Told | Refused:
        """`about`: the device information, which only the second version has."""
        if self._open is None or self._key is None:
            return no_key(NAME)
        if self._replays is None:
            return wrong_key(NAME, self._key)
        if len(body) <= COUNTER_BYTES + TAG_BYTES:
            return _damaged("it is too short for what is encrypted")
        if (advert.address, about + body) == self._newest:
            self._replays.again()
            return self._said
        sealed, count, tag = body[:-8], body[-8:-4], body[-4:]
        clear = self._open(_bytes_of(advert.address) + uuid + about + count, sealed, tag, header)
        if clear is None:
            return wrong_key(NAME, self._key)
        counter = int.from_bytes(count, "little")
        if not self._replays.accept(counter, advert.time_ms):
            return replayed(NAME, counter, self._replays.last)
        contents = read_v2(clear) if about else read_v1(clear)
        is_sporadic = bool(about[0] & TRIGGERED) if about else None
        self._newest = (advert.address, about + body)
        self._said = _told(contents, counter, is_sporadic=is_sporadic)
        return self._said


def _told(contents: Contents | None, counter: int | None = None, *, is_sporadic: bool | None = None) -> Told | Refused:
    """The packet's own number goes before that of what is encrypted: it stays where a packet is repeated."""
    if contents is None:
        return _damaged("it ends in the middle of a value")
    if contents.packet is not None:
        return Told(NAME, contents.values, contents.packet, PACKETS, None, contents.unknown, is_sporadic)
    return Told(NAME, contents.values, counter, COUNTERS, None, contents.unknown, is_sporadic)


def _bytes_of(address: str) -> bytes:
    return bytes.fromhex(address.replace(":", ""))


def _damaged(why: str) -> Refused:
    return Refused(NAME, Refusal.MALFORMED, f"its BTHome advertisement can't be read: {why}")
