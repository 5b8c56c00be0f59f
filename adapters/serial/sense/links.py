"""Links on which no frame would come, or none could be told whose it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.serial.config import AddressField, Fixed, LengthField, SerialDevice, SerialLink
from adapters.serial.decode.address import GROUP, Address, address_key
from adapters.serial.patterns import compiled
from adapters.serial.sense.complaint import Complaint


def of_link(link: SerialLink) -> Iterator[Complaint]:
    """What can't work whatever devices there are."""
    framing = link.framing
    if isinstance(framing, Fixed | LengthField) and not (framing.start or framing.gap or link.checksum):
        yield Complaint(
            f"nothing shows where frames of {framing.type} begin: say what they start with, the checksum that "
            "ends them, or the silence between them, as in gap: 50ms",
            ("framing",),
        )
    if link.address is not None:
        yield from _of_address(link.address, link)


def _of_address(field: AddressField, link: SerialLink) -> Iterator[Complaint]:
    if field.match is not None:
        try:
            names = compiled(field.match, link.encoding).names
        except ValueError as error:
            yield Complaint(str(error), ("address", "match"))
            return
        if GROUP not in names:
            yield Complaint("it needs a group called address: (?P<address>...)", ("address", "match"))
    elif field.at is not None and (room := beyond(link, field.at, field.length)):
        yield Complaint(f"the address at {field.at} {room}", ("address", "at"))


def beyond(link: SerialLink, at: int, size: int) -> str | None:
    """Why so many bytes never stand at a place; None if they may."""
    framing = link.framing
    is_fixed = isinstance(framing, Fixed)
    length = framing.length if isinstance(framing, Fixed) else framing.max_length
    has = f"which has {'' if is_fixed else 'at most '}{length} bytes"
    if at < -length:
        return f"begins before the frame, {has}"
    if at + size > length:
        return f"ends beyond the frame, {has}"
    if at < 0 and size > -at:
        return f"ends beyond the frame: behind its place there are {-at} bytes, and it takes {size}"
    return None


def of_addresses(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Complaint]:
    """Devices that can't be told apart."""
    seen: dict[Address, str] = {}
    for name, device in devices.items():
        if link.address is None:
            if device.address is not None and len(devices) > 1 and not _is_said(device):
                text = "nothing says where frames have it: say so at the link, as in address: {at: 1, length: 2}"
                yield Complaint(text, ("address",), name)
        elif device.address is None:
            yield Complaint("frames of this link say whose they are: give the device its address", (), name)
        else:
            try:
                key = address_key(device.address, link.address)
            except ValueError as error:
                yield Complaint(str(error), ("address",), name)
                continue
            if key in seen:
                text = f"{seen[key]} has the address {device.address}, too: nobody could tell which of them has spoken"
                yield Complaint(text, ("address",), name)
            seen.setdefault(key, name)


def _is_said(device: SerialDevice) -> bool:
    """Whether all it has is asked for: then the answer is whose question it was."""
    return all(parts.poll is not None for _, parts in device.parts())
