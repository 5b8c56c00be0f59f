"""Who is there besides: all that the radio of a link hears while the link does its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice
from adapters.ble.search.following import followed, sightings_of
from adapters.ble.search.scope import scope_of
from gateway.adapter import Tell

PASSIVE = "this link scans passively, so what does not change is hardly heard, and names are mostly missing"

Listening = Callable[[Callable[[Advert], None]], AbstractContextManager[None]]
"""Has everything told that the radio hears, while the context lasts."""


async def overheard(
    radio: Radio,
    listening: Listening,
    devices: Mapping[str, BleDevice],
    options: Mapping[str, Any],
    tell: Tell,
) -> list[dict[str, Any]]:
    """The same as a `survey`, but as the link scans; raises Rejected."""
    scope = scope_of(options)
    sightings = sightings_of(scope, devices)
    with listening(sightings.hear):
        return await followed(sightings, scope, radio, tell, (PASSIVE,) if radio.link.scan == "passive" else ())
