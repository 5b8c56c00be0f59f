"""Eddystone: UID, URL and TLM frames; EID and encrypted TLM are their owner's only (github.com/google/eddystone). Pure.

A beacon sends its frames in turn: each tells something of its own. A URL has no length of its own: a shorter frame is
a shorter URL.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refusal, Refused, Told
from gateway.model import Value

NAME = "eddystone"
SERVICE = "0000feaa-0000-1000-8000-00805f9b34fb"

UID, URL, TLM, EID = 0x00, 0x10, 0x20, 0x30
"""Types of frames ("Protocol Specification"). Others of this service are none of Eddystone's: Google finds things by
them."""

LOSS_OVER_1_M = 41
"""dB that a beacon's power at 0 m, which it sends, is above that at 1 m (eddystone-uid, "Tx Power")."""

UID_BODY = struct.Struct(">xb10s6s")
UID_SIZES = (18, 20)
"""Without and with the two reserved bytes (eddystone-uid, "Frame Specification")."""

SCHEMES = ("http://www.", "https://www.", "http://", "https://")
ENDINGS = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
"""Each first with a slash, as 0 to 6, then without, as 7 to 13 (eddystone-url, "Eddystone-URL HTTP URL encoding")."""
EXPANSIONS: Mapping[int, str] = MappingProxyType(dict(enumerate((*(f"{ending}/" for ending in ENDINGS), *ENDINGS))))
PRINTABLE = range(0x21, 0x7F)
URL_HEADER_BYTES, URL_MAX_BYTES = 3, 20
"""Type, power and scheme; and 0 to 17 bytes behind them (eddystone-url, "Frame Specification")."""

TLM_BODY = struct.Struct(">xxHhII")
PLAIN, SEALED = 0x00, 0x01
"""Versions of TLM frames (eddystone-tlm, tlm-plain and tlm-encrypted)."""
NO_VOLTAGE, NO_TEMPERATURE = 0, -(2**15)
"""What means that it is not measured (tlm-plain, "Field Notes")."""
MEASURED = ("voltage", "temperature")


def _uid(data: bytes) -> Told | Refused:
    if len(data) not in UID_SIZES:
        return _damaged(f"a UID frame has 20 bytes, and this {len(data)}")
    power, namespace, instance = UID_BODY.unpack_from(data)
    return Told(NAME, {**_power(power), "namespace": namespace.hex(), "instance": instance.hex()})


def _url(data: bytes) -> Told | Refused:
    if not URL_HEADER_BYTES <= len(data) <= URL_MAX_BYTES:
        return _damaged(f"a URL frame has 3 to {URL_MAX_BYTES} bytes, and this {len(data)}")
    if data[2] >= len(SCHEMES):
        return _damaged(f"{data[2]:#04x} begins no URL")
    url = SCHEMES[data[2]]
    for byte in data[URL_HEADER_BYTES:]:
        if byte not in EXPANSIONS and byte not in PRINTABLE:
            return _damaged(f"{byte:#04x} is in no URL")
        url += EXPANSIONS.get(byte) or chr(byte)
    return Told(NAME, {**_power(struct.unpack_from("b", data, 1)[0]), "url": url})


def _tlm(data: bytes) -> Told | Refused:
    if len(data) > 1 and data[1] == SEALED:
        return _for_its_owner("telemetry is encrypted")
    if len(data) != TLM_BODY.size or data[1] != PLAIN:
        return _damaged(f"a TLM frame has {TLM_BODY.size} bytes and version 0, and this {len(data)}: {data.hex()}")
    millivolts, temperature, advertisements, tenths_s = TLM_BODY.unpack(data)
    values: dict[str, Value] = {"advertisements": advertisements, "uptime": tenths_s / 10}
    if millivolts != NO_VOLTAGE:
        values["voltage"] = millivolts / 1000
    if temperature != NO_TEMPERATURE:
        values["temperature"] = round(temperature / 256, 2)
    return Told(NAME, values, absent=tuple(name for name in MEASURED if name not in values))


def _eid(_data: bytes) -> Refused:
    return _for_its_owner("identifier changes, and is encrypted")


FRAMES: Mapping[int, Callable[[bytes], Told | Refused]] = MappingProxyType({UID: _uid, URL: _url, TLM: _tlm, EID: _eid})


class EddystoneDecoder:
    """Of one device. TLM counts advertisements of all frames, so that it tells nothing of lost packets."""

    def __init__(self) -> None:
        self._speaks = False

    def decode(self, advert: Advert) -> Told | Refused | None:
        """What one frame says; beside frames that anybody can read those that are their owner's only are no trouble."""
        data = advert.services.get(SERVICE)
        if data is None:
            return None
        if not data:
            return _damaged("there is nothing in it")
        frame = FRAMES.get(data[0])
        said = frame(data) if frame is not None else None
        self._speaks |= isinstance(said, Told)
        if self._speaks and isinstance(said, Refused) and said.why is Refusal.ENCRYPTED:
            return Told(NAME, {}, unknown=1)
        return said


def _power(at_0_m: int) -> dict[str, Value]:
    return {"measured_power": at_0_m - LOSS_OVER_1_M}


def _damaged(why: str) -> Refused:
    return Refused(NAME, Refusal.MALFORMED, f"its Eddystone advertisement can't be read: {why}")


def _for_its_owner(what: str) -> Refused:
    return Refused(NAME, Refusal.ENCRYPTED, f"its {what}: only the service where it is registered can read it")
