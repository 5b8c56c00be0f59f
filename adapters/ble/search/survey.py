"""Who is there: an active scan of a radio that nobody serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.search.following import followed, sightings_of
from adapters.ble.search.scope import scope_of
from gateway.adapter import AdapterError, PermanentError, Rejected, Tell


async def survey(
    link: BleLink, devices: Mapping[str, BleDevice], options: Mapping[str, Any], tell: Tell
) -> list[dict[str, Any]]:
    """Who was heard, known ones and those that say something first; raises Rejected."""
    scope = scope_of(options)
    sightings = sightings_of(scope, devices)
    radio = await _opened(link.model_copy(update={"scan": "active"}), sightings.hear)
    serving = asyncio.create_task(_served(radio), name="ble-search")
    try:
        return await followed(sightings, scope, radio, tell)
    finally:
        serving.cancel()
        try:
            await asyncio.wait((serving,))
        finally:
            await radio.close()


async def _opened(link: BleLink, hear: Callable[[Advert], None]) -> Radio:
    try:
        return await Radio.opened(link, (), hear)
    except PermanentError as error:
        raise Rejected("malformed", str(error)) from None
    except AdapterError as error:
        raise Rejected("no-link", str(error)) from None


async def _served(radio: Radio) -> None:
    """Whatever ends it ends the search, too."""
    try:
        await radio.serve()
    except Exception as error:  # noqa: BLE001 -- a defect, too, must be told rather than waited for
        radio.lose(error)
