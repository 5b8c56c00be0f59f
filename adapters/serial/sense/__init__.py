"""What `check` refuses of a serial link and its devices, because it can't work. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.sense.complaint import Complaint
from adapters.serial.sense.examples import of_examples
from adapters.serial.sense.links import of_addresses, of_link
from adapters.serial.sense.messages import of_device
from adapters.serial.sense.overlaps import of_overlaps
from adapters.serial.sense.said import of_said

__all__ = ["Complaint", "complaints"]


def complaints(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Complaint]:
    """All of it, what matters most first; of a device that has a fault of its own, nothing that follows from it."""
    found = [*of_link(link), *of_addresses(link, devices)]
    for name, device in devices.items():
        found += of_device(name, device, link)
    found += of_said(link, devices)
    yield from found
    faulty = {complaint.device for complaint in found}
    if None not in faulty:
        sound = {name: device for name, device in devices.items() if name not in faulty}
        yield from of_overlaps(link, sound)
        yield from of_examples(link, sound)
