"""What each decoder may tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from adapters.ble.config.names import DecoderName
from adapters.ble.quantities import DECODED, OF_ANY, quantity_of

_NARROW: Mapping[DecoderName, frozenset[str]] = MappingProxyType({})
"""Of decoders of one format; the others tell whatever devices have."""


class Tells(NamedTuple):
    """Names of quantities, those of the second and third of a kind among them."""

    names: frozenset[str]

    def __call__(self, name: str) -> bool:
        """Whether it may tell this."""
        return name in self.names or (quantity_of(name) is not None and name.rpartition("_")[0] in self.names)


def tells(decoder: DecoderName) -> Tells:
    """Also what every device has."""
    return Tells(_NARROW.get(decoder, frozenset(DECODED)) | frozenset(OF_ANY))
