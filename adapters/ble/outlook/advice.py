"""What of a radio and its devices can't work, and what installers get wrong though it is valid. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.crowd import crowd
from adapters.ble.outlook.changing import of_address
from adapters.ble.outlook.connecting import of_connections
from adapters.ble.outlook.hearing import of_scan
from adapters.ble.outlook.load import demands
from adapters.ble.outlook.naming import of_decoder
from adapters.ble.outlook.twins import of_twins
from gateway.adapter import Advice
from gateway.line.figures import percent, span
from gateway.units import format_duration

LEAST_SILENCE_S = 15.0
"""Battery sensors advertise each second to each ten seconds."""
PASSING_NAME = re.compile(r"hci\d+")
"""The kernel counts radios in the order in which it meets them."""


def advice(link: BleLink, devices: Mapping[str, BleDevice]) -> Iterator[Advice]:
    """All of it; what there is no time for only of what can work at all."""
    found = [*of_twins(devices)]
    for name, device in devices.items():
        found += of_scan(link, name, device)
        found += of_decoder(name, device)
        found += of_connections(name, device)
        found += of_address(name, device)
    yield from found
    yield from _of_the_radio(link)
    if not any(each.kind == "impossible" for each in found):
        yield from _of_time(link, devices)


def _of_the_radio(link: BleLink) -> Iterator[Advice]:
    if link.scan != "off" and link.silence < LEAST_SILENCE_S:
        silence = format_duration(link.silence)
        text = f"many devices advertise each 10s only: with a silence of {silence} the scan begins anew all the time"
        yield Advice("other", f"{text} - leave silence out, or write 1min or more", ("silence",))
    if link.radio is not None and PASSING_NAME.fullmatch(link.radio):
        text = f"after a restart {link.radio} may be another radio - write its address: `bluetoothctl list` shows it"
        yield Advice("port-name", text, ("radio",))


def _of_time(link: BleLink, devices: Mapping[str, BleDevice]) -> Iterator[Advice]:
    if (crowded := crowd(link, devices)) is not None:
        yield Advice("overload", crowded, ("connections",))
        return
    asked = [each for each in demands(link, devices) if each.is_connected]
    share = sum(each.connected for each in asked) / link.connections
    if share <= 1 or not asked:
        return
    largest = max(asked, key=lambda each: each.connected)
    need = f"{largest.device} alone is connected for {span(largest.each_s)} each time"
    text = f"more is read than there are connections for (load {percent(share)}): reads will be skipped; {need}"
    yield Advice("overload", f"{text} - lengthen `every`, or shorten gatt: idle", ("every",), largest.device)
