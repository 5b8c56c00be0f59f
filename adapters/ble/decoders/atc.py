"""Thermometers with the firmware of atc1441 or of pvvx, plain and encrypted. Pure.

Formats: github.com/atc1441/ATC_MiThermometer, "Advertising format of the custom firmware";
github.com/pvvx/ATC_MiThermometer, "Bluetooth Advertising Formats" and "Encrypted beacon formats".
"""

from __future__ import annotations

import struct

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refusal, Refused, Told
from adapters.ble.decoders.crypto import Opener, opener
from adapters.ble.decoders.sealed import in_the_clear, no_key, wrong_key
from gateway.model import Value

NAME = "atc"
SERVICE = "0000181a-0000-1000-8000-00805f9b34fb"
"""Environmental Sensing, which others send, too: in the clear the address in it tells whose it is."""

ADDRESS_BYTES = 6
ATC1441 = struct.Struct(">6xhBBHB")
CUSTOM = struct.Struct("<6xhHHBBB")
CUSTOM_SEALED = struct.Struct("<hHBB")
ATC1441_SEALED = struct.Struct("<BBB")

COUNTER_BYTES, TAG_BYTES = 1, 4
CUSTOM_SEALED_BYTES = COUNTER_BYTES + CUSTOM_SEALED.size + TAG_BYTES
ATC1441_SEALED_BYTES = COUNTER_BYTES + ATC1441_SEALED.size + TAG_BYTES
BEFORE = b"\x16\x1a\x18"
"""Type and UUID of the service's data, which with its length are part of the nonce."""
HEADER = b"\x11"
"""Authenticated, but not sent, as MiBeacon has it."""

INPUT, OUTPUT = 0x01, 0x02
"""Bits of the flags: the reed switch's pin, the trigger's pin (pvvx, "Custom format")."""
SWITCHED, CHARGE = 0x80, 0x7F
"""What shares a byte in the short encrypted format."""
MAX_PERCENT = 100
"""Of humidity and battery: more is sent by nobody."""


class AtcDecoder:
    """Of one device. Its counters have one byte: they tell lost packets, but can't tell that one is sent again."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._open: Opener | None = opener(key) if key is not None else None
        self._newest: tuple[str, bytes] | None = None
        self._said: Told | Refused = _damaged()

    def decode(self, advert: Advert) -> Told | Refused | None:
        """None also for another device's service data: what has not its own address in it, nor a length of its."""
        data = advert.services.get(SERVICE)
        if data is None:
            return None
        if len(data) in {CUSTOM_SEALED_BYTES, ATC1441_SEALED_BYTES}:
            return self._sealed(advert.address, data)
        address = bytes.fromhex(advert.address.replace(":", ""))
        begins = data[:ADDRESS_BYTES]
        if begins not in {address, address[::-1]}:
            return None
        if self._key is not None:
            return in_the_clear(NAME)
        if len(data) == CUSTOM.size and begins == address[::-1]:
            return _custom(data)
        if len(data) == ATC1441.size and begins == address:
            return _atc1441(data)
        return _damaged()

    def _sealed(self, address: str, data: bytes) -> Told | Refused:
        if self._open is None:
            return no_key(NAME)
        if (address, data) == self._newest:
            return self._said
        length = bytes([len(BEFORE) + len(data)])
        nonce = bytes.fromhex(address.replace(":", ""))[::-1] + length + BEFORE + data[:COUNTER_BYTES]
        clear = self._open(nonce, data[COUNTER_BYTES:-TAG_BYTES], data[-TAG_BYTES:], HEADER)
        if clear is None:
            return wrong_key(NAME, self._key or b"")
        self._newest = (address, data)
        self._said = _custom_sealed(clear, data[0]) if len(clear) == CUSTOM_SEALED.size else _atc_sealed(clear, data[0])
        return self._said


def _atc1441(data: bytes) -> Told:
    tenths, humidity, battery, millivolts, counter = ATC1441.unpack(data)
    return _told(tenths / 10, float(humidity), battery, counter, {"voltage": millivolts / 1000})


def _custom(data: bytes) -> Told:
    hundredths, humidity, millivolts, battery, counter, flags = CUSTOM.unpack(data)
    return _told(hundredths / 100, humidity / 100, battery, counter, {"voltage": millivolts / 1000, **_pins(flags)})


def _custom_sealed(clear: bytes, counter: int) -> Told:
    hundredths, humidity, battery, flags = CUSTOM_SEALED.unpack(clear)
    return _told(hundredths / 100, humidity / 100, battery, counter, _pins(flags))


def _atc_sealed(clear: bytes, counter: int) -> Told:
    """Half degrees from -40 °C on, half percents."""
    temperature, humidity, battery = ATC1441_SEALED.unpack(clear)
    pins: dict[str, Value] = {"output": bool(battery & SWITCHED)}
    return _told(temperature / 2 - 40, humidity / 2, battery & CHARGE, counter, pins)


def _pins(flags: int) -> dict[str, Value]:
    return {"input": bool(flags & INPUT), "output": bool(flags & OUTPUT)}


def _told(temperature: float, humidity: float, battery: int, counter: int, more: dict[str, Value]) -> Told:
    """Percents that can't be are none."""
    percents: dict[str, Value] = {"humidity": humidity, "battery": battery}
    absent = tuple(name for name, percent in percents.items() if not 0 <= float(percent) <= MAX_PERCENT)
    values = {"temperature": temperature, **more, **percents}
    return Told(NAME, {each: value for each, value in values.items() if each not in absent}, counter, absent=absent)


def _damaged() -> Refused:
    return Refused(NAME, Refusal.MALFORMED, "its advertisement can't be read: atc1441's and pvvx's have other lengths")
