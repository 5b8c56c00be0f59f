"""What is told of what a search has heard: JSON-like, with what to write into the configuration. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.ble import sig
from adapters.ble.config.decoder import AUTO, KEY_LENGTHS, key_lengths, known
from adapters.ble.config.names import BASE
from adapters.ble.decoders.contract import Refusal
from adapters.ble.quantities import quantity_of
from adapters.ble.search.address import CHANGING, AddressKind
from adapters.ble.search.companies import COMPANIES
from adapters.ble.search.sighting import Sighting

SHORT_UUID = re.compile(r"0000([0-9a-f]{4})" + BASE)

WEAK_DBM = -90
"""Below that many packets are lost, and connections fail."""

NOTES: Mapping[AddressKind, str] = {
    AddressKind.PRIVATE: "its address changes each quarter of an hour or so: its identity key tells it from others",
    AddressKind.PASSING: "its address changes, and nothing tells it from others: it can't be configured",
}


def told(sighting: Sighting, kind: AddressKind | None) -> dict[str, Any]:
    """`config`: what to write into `devices`, but for the link; absent for what is configured or can't be."""
    strength = sighting.strength
    found: dict[str, Any] = {
        "address": sighting.address,
        "address_type": kind,
        "device": ", ".join(sighting.owners) or None,
        "name": sighting.name,
        "rssi": strength.last,
        "best_rssi": strength.best,
        "tx_power": sighting.tx_power,
        "adverts": sighting.adverts,
        "period_s": None if sighting.period_s is None else round(sighting.period_s, 3),
        **_decoded(sighting),
        **_raw(sighting),
        "notes": list(_notes(sighting, kind)),
    }
    if not sighting.owners and kind not in CHANGING:
        found["config"] = stanza(sighting)
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def stanza(sighting: Sighting) -> dict[str, Any]:
    """What `check` takes as it is: its key is left to the one who has it."""
    device: dict[str, Any] = {"address": sighting.address}
    companies, services = sighting.undecoded
    answer = sighting.told or sighting.refused
    if answer is not None:
        points = [name for name in sighting.values if quantity_of(name) is not None]
        named: dict[str, Any] = {"points": {name: {} for name in [*points, "rssi"]}} if points else {}
        return device | {"decoder": _decoder(answer.decoder)} | named
    for key, data in [*companies.items(), *((short(uuid), data) for uuid, data in services.items())]:
        if data:
            which = {"manufacturer" if isinstance(key, int) else "service": key, "length": len(data)}
            whole = {"at": 0, "type": "bytes", "length": len(data)}
            return device | {"data": which, "points": {"bytes": whole, "rssi": {}}}
    return device | {"points": {"present": {}, "rssi": {}}}


def short(uuid: str) -> str:
    """As it is written in the configuration: four digits where they are enough."""
    match = SHORT_UUID.fullmatch(uuid)
    return match[1] if match else uuid


def _decoder(name: str) -> str:
    """The one that tells its values; where several share that, whoever knows them."""
    return name if name in known() else AUTO


def _decoded(sighting: Sighting) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if sighting.told is not None:
        found = {"decoder": sighting.told.decoder, "model": sighting.told.model}
        found["values"] = {name: _value(name, value) for name, value in sighting.values.items()}
    if sighting.refused is not None:
        found.setdefault("decoder", sighting.refused.decoder)
        found |= {"refusal": str(sighting.refused.why), "detail": sighting.refused.text}
        if sighting.refused.why is Refusal.ENCRYPTED:
            found |= {"encrypted": True, "key": _key(sighting.refused.decoder)}
    return found


def _value(name: str, value: Any) -> dict[str, Any]:
    quantity = quantity_of(name)
    unit = quantity.unit if quantity is not None else None
    return {"value": value} | ({"unit": unit} if unit else {})


def _key(decoder: str) -> str:
    lengths = key_lengths(decoder) or KEY_LENGTHS[AUTO]
    return " or ".join(f"{2 * length} hex digits" for length in lengths)


def _raw(sighting: Sighting) -> dict[str, Any]:
    """All of it, for who reports a new device; companies and services by how they are written."""
    companies = {
        f"0x{number:04x}": {"company": COMPANIES.get(number, ""), "data": data.hex()}
        for number, data in sighting.manufacturer.items()
    }
    services = {short(uuid): data.hex() for uuid, data in sighting.services.items()}
    by_uuid = {number: name for name, number in sig.SERVICES.items()}
    offers = [by_uuid.get(int(uuid, 16), uuid) if len(uuid) == 4 else uuid for uuid in map(short, sighting.uuids)]
    return {"manufacturer": companies, "services": services, "offers": offers}


def _notes(sighting: Sighting, kind: AddressKind | None) -> Iterator[str]:
    if kind is not None and kind in NOTES and not sighting.owners:
        yield NOTES[kind]
    if sighting.strength.best < WEAK_DBM:
        yield f"it is heard weakly ({sighting.strength.best} dBm): move the radio or the device, or expect losses"
