"""What is known before anything is said to a device. Pure."""

from __future__ import annotations

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.framing.make import seal_for_sending
from adapters.serial.talk.script import Ground
from gateway.model import Value


def ground_of(link: SerialLink, device: SerialDevice) -> Ground:
    """The link's checksum and encoding, the device's own timeout and address."""
    known: dict[str, Value] = {} if device.address is None else {"address": device.address}
    return Ground(seal_for_sending(link.framing, link.checksum), device.timeout, known, link.encoding)
