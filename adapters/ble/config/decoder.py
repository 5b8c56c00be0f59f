"""Who can make values of advertisements, by name: what is built in, and what others have installed. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, GetJsonSchemaHandler

AUTO = "auto"
OWN = ("bthome", "ruuvi", "atc", "ibeacon", "eddystone")
FAMILIES = (
    "xiaomi", "govee", "inkbird", "switchbot", "thermopro", "qingping", "sensorpush", "sensirion", "mikrotik",
    "teltonika", "bluemaestro", "bparasite", "miscale", "acconeer", "airmentor", "almendo", "amazfit", "brifit", "hhcc",
    "inode", "jaalee", "jinou", "kegtron", "kkm", "laica", "moat", "oralb", "relsib", "smartdry", "thermoplus", "tilt",
    "xiaogui",
)  # fmt: skip
"""Makers whose formats a library knows."""

KEY_LENGTHS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {AUTO: (16, 12), "bthome": (16,), "atc": (16,), "xiaomi": (16, 12)}
)
"""In bytes; 12 for versions 2 and 3 of MiBeacon."""

GROUP = "fieldgate.ble.decoders"
"""Entry points of others' decoders: a name, and a class that is made with an address, a key and a memory."""


ALSO = MappingProxyType(
    {
        "shelly": "bthome", "shellyblu": "bthome", "esphome": "bthome", "pvvx": "atc", "atc1441": "atc",
        "mibeacon": "xiaomi", "mijia": "xiaomi", "mi": "xiaomi",
    }
)  # fmt: skip
"""What a device or a format is called by others, and who decodes it."""


@cache
def installed() -> Mapping[str, EntryPoint]:
    """Others' decoders; a name that is built in is not theirs to take."""
    return {each.name: each for each in entry_points(group=GROUP) if each.name not in (AUTO, *OWN, *FAMILIES)}


def known() -> tuple[str, ...]:
    """All names."""
    return (AUTO, *OWN, *FAMILIES, *installed())


def key_lengths(name: str) -> tuple[int, ...] | None:
    """Bytes of the keys that it takes, none if it takes none; None: it is others' and does not say."""
    return None if name in installed() else KEY_LENGTHS.get(name, ())


def parse_decoder(name: str) -> str:
    """Whether it is there; raises ValueError."""
    if name in known():
        return name
    called = re.sub(r"[\W_]", "", name).lower()
    near = [ALSO[called]] if called in ALSO else difflib.get_close_matches(name.lower(), known(), 1)
    hint = f'did you mean "{near[0]}"?' if near else '"auto" finds out by itself'
    raise ValueError(f'no decoder is called "{name}" - {hint}')


class _Known:
    """What an editor offers."""

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "enum": [*known()]}


DecoderName = Annotated[str, AfterValidator(parse_decoder), _Known()]
"""Who makes values of advertisements; `auto`: whoever knows them."""
