"""How addresses, UUIDs and keys of Bluetooth are written in the configuration. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from adapters.ble import sig

_ADDRESS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")
_RADIO = re.compile(r"hci\d{1,3}")
_BUS = re.compile(r"[a-z][a-z0-9-]*:[a-z]+=[^\s]")
_SHORT = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})")
_LONG = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX_DIGITS = re.compile(r"[0-9A-Fa-f]*")

BASE = "-0000-1000-8000-00805f9b34fb"
"""What follows the short form of a UUID (Bluetooth Core Specification 6.0, Vol 3, Part B, 2.5.1)."""


def parse_address(text: str) -> str:
    """In capitals, with colons; raises ValueError."""
    address = text.strip().upper().replace("-", ":")
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f'"{text}" is no Bluetooth address: six pairs of hex digits, like "AA:BB:CC:DD:EE:FF"')
    return address


def parse_radio(text: str) -> str:
    """An address, or a name that the kernel gives; raises ValueError."""
    if _RADIO.fullmatch(text):
        return text
    try:
        return parse_address(text)
    except ValueError:
        raise ValueError(f'"{text}" is no radio: its address, like "00:1A:7D:DA:71:13", or hci0') from None


def parse_bus(text: str) -> str:
    """A D-Bus address, as far as that can be seen (D-Bus Specification 0.43, Server Addresses); raises ValueError."""
    if _BUS.match(text):
        return text
    if text.startswith("/"):
        raise ValueError(f'"{text}" is a path: a D-Bus address says what is there, as in "unix:path={text}"')
    raise ValueError(f'"{text}" is no D-Bus address, like "unix:path=/run/dbus/system_bus_socket"')


def full_uuid(short: str | int) -> str:
    """All 128 bits of a UUID that is known by 16 or 32 of them."""
    return (f"{short:08x}" if isinstance(short, int) else short.lower().rjust(8, "0")) + BASE


def parse_uuid(given: Any, known: Any) -> str:
    """All 128 bits, in small letters, of what is written short, in full, or by its standard name; raises ValueError."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        raise ValueError('a UUID is text: write it in quotes, like "2902" (without them it is a number)')
    if not isinstance(given, str):
        raise ValueError('must be a UUID, like "2a19" or "battery_level"')
    text = given.strip().lower()
    if short := _SHORT.fullmatch(text):
        return full_uuid(short[1])
    if _LONG.fullmatch(text):
        return text
    if text in known:
        return full_uuid(known[text])
    raise ValueError(
        f'"{given}" is no UUID: four hex digits, like "2a19", all 32 with dashes, or {sig.hint(text, known)}'
    )


def parse_key(text: str, lengths: tuple[int, ...]) -> bytes:
    """Bytes of a key in hex; raises ValueError, without the key."""
    digits = re.sub(r"[\s:-]", "", text)
    wanted = " or ".join(str(2 * length) for length in lengths)
    if not _HEX_DIGITS.fullmatch(digits):
        raise ValueError(f"a key is {wanted} hex digits, 0-9 and a-f, and this has other characters")
    if len(digits) not in (2 * length for length in lengths):
        raise ValueError(f"a key is {wanted} hex digits, and this has {len(digits)}")
    return bytes.fromhex(digits)


def _key_of(*lengths: int) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        parse_key(secret.get_secret_value(), lengths)
        return secret

    return AfterValidator(check)


def _uuid_of(known: Any) -> BeforeValidator:
    return BeforeValidator(lambda given: parse_uuid(given, known))


Address = Annotated[str, AfterValidator(parse_address), Field(examples=["AA:BB:CC:DD:EE:FF"])]
Bus = Annotated[str, AfterValidator(parse_bus)]
Radio = Annotated[str, AfterValidator(parse_radio), Field(examples=["00:1A:7D:DA:71:13", "hci0"])]

ServiceUuid = Annotated[str, _uuid_of(sig.SERVICES), Field(examples=["181a", "environmental_sensing"])]
CharacteristicUuid = Annotated[str, _uuid_of(sig.CHARACTERISTIC_UUIDS), Field(examples=["2a19", "battery_level"])]
DescriptorUuid = Annotated[str, _uuid_of(sig.DESCRIPTORS), Field(examples=["2901", "characteristic_user_description"])]
"""All 128 bits in small letters, once they are validated."""

BindKey = Annotated[SecretStr, _key_of(16, 12)]
"""Of advertisements: 16 bytes; 12 for what MiBeacon calls its versions 2 and 3."""
IdentityKey = Annotated[SecretStr, _key_of(16)]
"""Resolves a device's private addresses; most significant byte first (Core Specification 6.0, Vol 3, Part H, 2.2.2)."""


def key_bytes(secret: SecretStr) -> bytes:
    """Of a key that has been validated."""
    return parse_key(secret.get_secret_value(), (12, 16))
