"""Eddystone's frames TLM, UID and URL, a packet each (google/eddystone, Protocol Specification). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.ble.config.names import full_uuid
from adapters.ble.simulator.forge.format import Field, Format, Number, Packet, Teller, number
from adapters.ble.simulator.forge.words import Hex, Url
from gateway.model import Value
from gateway.values import Quantity

UUID = 0xFEAA
UID, URL, TLM = b"\x00", b"\x10", b"\x20"
"""Kinds of frames (Protocol Specification, Frame types)."""
TX_POWER = b"\xec"
"""-20 dBm at no distance (Eddystone-UID, Tx Power)."""
PLAIN, RESERVED = b"\x00", b"\x00\x00"
"""Version of a TLM that is not encrypted; what ends a UID."""

COUNTED = 2**28
"""Advertisements, one in a second, after which it has begun anew."""

TLM_FIELDS: Mapping[str, Field] = {
    "voltage": Number(Quantity("uint16", 0.001, invalid=(0,)), 2, "big"),
    "temperature": Number(Quantity("int16", 2.0**-8, decimals=2), 2, "big"),
    "advertisements": number("uint32", order="big"),
    "uptime": number("uint32", 0.1, order="big"),
}
UID_FIELDS: Mapping[str, Field] = {"namespace": Hex(10), "instance": Hex(6)}
URL_FIELDS: Mapping[str, Field] = {"url": Url()}


BEGINS: Mapping[str, Value] = {"namespace": "00" * 10, "instance": "00" * 6, "url": "https://example.com/"}


def _write(_teller: Teller, told: Mapping[str, Value], count: int) -> tuple[Packet, ...]:
    return tuple(Packet(services={full_uuid(UUID): data}) for data in _frames(told, count))


def _frames(told: Mapping[str, Value], count: int) -> Iterator[bytes]:
    if not told.keys().isdisjoint(UID_FIELDS):
        yield UID + TX_POWER + _told(UID_FIELDS, {**BEGINS, **told}) + RESERVED
    if "url" in told:
        yield URL + TX_POWER + _told(URL_FIELDS, told)
    if not told.keys().isdisjoint(TLM_FIELDS):
        since = count % COUNTED
        counted: Mapping[str, Value] = {"voltage": 3.0, "temperature": 20.0, "advertisements": since, "uptime": since}
        yield TLM + PLAIN + _told(TLM_FIELDS, {**counted, **told})


def _told(fields: Mapping[str, Field], told: Mapping[str, Value]) -> bytes:
    return b"".join(field.data(told[name]) for name, field in fields.items())


EDDYSTONE = Format(
    usual=("temperature", "voltage"), fields={**TLM_FIELDS, **UID_FIELDS, **URL_FIELDS}, write=_write, begins=BEGINS
)
