"""What is to be heard, where the radio does not scan, or only listens. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.config import BleDevice, BleLink
from gateway.adapter import Advice

OFF = 'nothing is heard on a radio with scan: "off"'
ONCE = "a passive scan hears what does not change only once"


def of_scan(link: BleLink, name: str, device: BleDevice) -> Iterator[Advice]:
    """Why it can't be heard as it is wanted; passive scanning as in `air.scanner`."""
    if link.scan == "off":
        yield from _of_no_scan(name, device)
    elif link.scan == "passive" and (device.parts(name).heard or device.learns):
        yield from _of_passive_scan(name, device)


def _of_no_scan(name: str, device: BleDevice) -> Iterator[Advice]:
    if device.learns:
        yield Advice("impossible", f"{OFF}: leave scan out, or name points with a characteristic", ("decoder",), name)
    for group in device.parts(name).heard:
        for point in group.points:
            text = f"{OFF}: give {point} a characteristic, or leave scan out"
            yield Advice("impossible", text, ("points", point), name)
    if device.identity_key is not None:
        text = f"who has changed its address is found by scanning, and {OFF}: leave scan out"
        yield Advice("impossible", text, ("identity_key",), name)


def _of_passive_scan(name: str, device: BleDevice) -> Iterator[Advice]:
    parts = device.parts(name)
    for point in parts.present.points if parts.present is not None else ():
        text = f"{ONCE}, so nobody knows whether a device is still there: leave {point} out, or scan: active"
        yield Advice("impossible", text, ("points", point), name)
    if device.decodes == "auto":
        text = "a passive scan must be told what to listen for: name the decoder instead of auto, or scan: active"
        yield Advice("impossible", text, ("decoder",), name)
    if device.stale_after != "never" and (parts.said is not None or device.learns):
        text = f"{ONCE}, so silence means nothing: write stale_after: never, or scan: active"
        yield Advice("impossible", text, ("stale_after",), name)
