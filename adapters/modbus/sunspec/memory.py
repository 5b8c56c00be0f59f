"""What was found of a device, from one connection to the next."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import msgspec

from adapters.modbus.config.sunspec import SunSpec
from adapters.modbus.sunspec.walk import Found

KEY = "sunspec"


class Remembered(msgspec.Struct, frozen=True):
    """What was found at a place of its link; `looked_s`: when all of it was last looked at (Unix seconds)."""

    place: str
    looked_s: float
    found: Found


class Notes:
    """In the memory of one device: what was found at this place, if it is what the configuration asks for."""

    def __init__(self, memory: MutableMapping[str, Any], place: str, wanted: SunSpec) -> None:
        self._memory = memory
        self._place = place
        self._wanted = wanted

    @property
    def known(self) -> Remembered | None:
        """None where nothing was found yet."""
        try:
            kept = msgspec.convert(self._memory.get(KEY), Remembered)
        except msgspec.ValidationError:  # there is nothing, or another version or a person wrote it
            return None
        return kept if kept.place == self._place and self._wanted.base in (None, kept.found.base) else None

    def keep(self, found: Found, now_s: float) -> None:
        """For the next time."""
        self._memory[KEY] = msgspec.to_builtins(Remembered(self._place, now_s, found))
