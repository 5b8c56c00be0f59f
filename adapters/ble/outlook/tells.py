"""What each decoder may tell. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from adapters.ble.config.decoder import AUTO, installed
from adapters.ble.decoders.ruuvi import FORMATS
from adapters.ble.quantities import DECODED, LOST, OF_ANY, quantity_of

_NARROW: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ruuvi": frozenset(field.name for form in FORMATS.values() for field in form.fields),
        "atc": frozenset({"temperature", "humidity", "battery", "voltage", "input", "output"}),
        "ibeacon": frozenset({"uuid", "major", "minor", "measured_power"}),
        "eddystone": frozenset(
            {"namespace", "instance", "url", "measured_power", "advertisements", "uptime", "voltage", "temperature"}
        ),
    }
)
"""Of decoders of one maker's formats; the others tell whatever devices have."""

COUNTING = frozenset({AUTO, "bthome", "ruuvi", "atc", "xiaomi", "bparasite"})
"""Whose packets have numbers, some of them at least: only these tell how many were lost."""

MEANT = {
    "weight": "mass",
    "brightness": "illuminance",
    "lux": "illuminance",
    "click": "button",
    "co": "carbon_monoxide",
}
"""By other words for the same."""

MOST_LISTED = 12
"""More names are no hint."""
ALIKE = 0.75
"""Of two words: below that they only share letters."""
SHORTEST = 3
"""Letters that show what was meant."""


def names_of(decoder: str) -> frozenset[str]:
    """Also what every device has; without the second and third of a kind."""
    of_any = frozenset(OF_ANY) if decoder in COUNTING else frozenset(OF_ANY) - {LOST}
    return _NARROW.get(decoder, frozenset(DECODED)) | of_any


def may_tell(decoder: str, name: str) -> bool:
    """Nobody knows what others' decoders tell."""
    if decoder in installed() or (decoder == AUTO and installed()):
        return True
    known = names_of(decoder)
    return name in known or (quantity_of(name) is not None and name.rpartition("_")[0] in known)


def near(word: str, decoder: str) -> str:
    """What was meant, or what there is."""
    names = sorted(names_of(decoder))
    base, _, number = word.rpartition("_")
    if number.isdigit() and (meant := _near(base, names)):
        return f"did you mean {meant}_{number}?"
    if meant := _near(word, names):
        return f"did you mean {meant}?"
    return "it tells " + ", ".join(names[:MOST_LISTED]) + (", ..." if len(names) > MOST_LISTED else "")


def _near(word: str, names: list[str]) -> str | None:
    begun = [name for name in names if name.startswith(word)]
    if begun and len(word) >= SHORTEST:
        return min(begun, key=len)
    meant = MEANT.get(word)
    found = [meant] if meant in names else difflib.get_close_matches(word, names, n=1, cutoff=ALIKE)
    return found[0] if found else None
