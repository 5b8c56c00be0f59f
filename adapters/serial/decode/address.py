"""Which device of a line a frame is of. Pure."""

from __future__ import annotations

from collections.abc import Callable

from adapters.serial.config import AddressField
from adapters.serial.framing.frame import Frame
from adapters.serial.patterns import Encoding, compiled

Address = int | str
AddressOf = Callable[[Frame], Address | None]
"""What a frame says of it; None if it says nothing."""

GROUP = "address"
"""Of a pattern: what it holds is the address."""


def address_of(field: AddressField, encoding: Encoding) -> AddressOf:
    """How it is read out of a frame; texts have a character for each byte."""
    if field.match is not None:
        return _by_pattern(field.match, encoding)
    return _by_place(field)


def address_key(address: Address, field: AddressField) -> Address:
    """What `address_of` gives for a device whose address this is; raises ValueError with a sentence if it never can."""
    if field.type == "number" and field.match is None:
        return _number(address, field.length)
    text = str(address)
    if field.match is None and len(text) != field.length:
        hint = f': write it in quotes, like "{text.zfill(field.length)}"' if len(text) < field.length else ""
        raise ValueError(f'the address "{text}" has {len(text)} characters, in frames it has {field.length}{hint}')
    return text


def _number(address: Address, length: int) -> int:
    try:
        number = int(address, 0) if isinstance(address, str) else address
    except ValueError:
        raise ValueError(f'the address "{address}" is no number, and in frames it is one') from None
    if not 0 <= number < 256**length:
        raise ValueError(f"the address {number} does not fit {length} byte{'s' if length > 1 else ''}")
    return number


def _by_pattern(match: str, encoding: Encoding) -> AddressOf:
    pattern = compiled(match, encoding)
    place = pattern.names[GROUP]

    def of(frame: Frame) -> Address | None:
        found = pattern.search(frame.body)
        text = None if found is None else found[place]
        return None if text is None else text.decode("latin-1")

    return of


def _by_place(field: AddressField) -> AddressOf:
    at, length, endian = field.at or 0, field.length, field.endian
    as_number = field.type == "number"

    def of(frame: Frame) -> Address | None:
        data = frame.data
        start = at if at >= 0 else len(data) + at
        octets = data[start : start + length] if start >= 0 else b""
        if len(octets) < length:
            return None
        return int.from_bytes(octets, endian) if as_number else octets.decode("latin-1")

    return of
