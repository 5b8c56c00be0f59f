"""Addresses of values in meters (IEC 62056-61, OBIS): A-B:C.D.E*F, of which meters and manuals leave some out. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_ADDRESS = re.compile(r"(?:([^:*&]*):)?([^:*&]+)(?:[*&](\w+))?")
_WITH_BILLING = re.compile(r"(\w+\.\w+\.\w+)\.(\w+)")
"""All six groups may be parted by dots and colon only."""
_NUMBERED = re.compile(r"(.+)\[([1-9]\d?)\]")
_NOW = frozenset({"255", "FF", "ff"})
"""The group F of what is no value of a past billing period (IEC 62056-61, 5.3)."""


class Obis(NamedTuple):
    """`medium`: A-B, None where it is left out; `value`: C.D.E; `billing`: F, None for what is now."""

    medium: str | None
    value: str
    billing: str | None

    def means(self, other: Obis) -> bool:
        """Whether both may be the same value."""
        media = {self.medium, other.medium} - {None}
        return len(media) < 2 and (self.value, self.billing) == (other.value, other.billing)


def obis_of(address: str) -> Obis:
    """Its groups; what has none, as F.F, is a value by itself."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return Obis(None, address, None)
    medium, value, billing = match.groups()
    if billing is None and medium and (dotted := _WITH_BILLING.fullmatch(value)):
        value, billing = dotted.groups()
    return Obis(medium or None, value, None if billing in _NOW else billing)


def numbered(called: str) -> tuple[str, int]:
    """An address, and which of its values is meant, from 0: the second of 0-1:24.2.1[2]."""
    match = _NUMBERED.fullmatch(called)
    return (match[1], int(match[2]) - 1) if match else (called, 0)
