"""A device's address in its frames. Pure."""

from __future__ import annotations

from adapters.serial.config import AddressField
from adapters.serial.decode.address import GROUP
from adapters.serial.patterns import Encoding, compiled

DIGITS = b"0123456789"


class Addressing:
    """Puts an address where the link has it; nothing where it has none, or the device."""

    def __init__(self, field: AddressField | None, address: int | str | None, encoding: Encoding) -> None:
        self._field = field if address is not None else None
        self._address = "" if address is None else address
        self._match = None if field is None or field.match is None else compiled(field.match, encoding)

    def put(self, data: bytes, *, other: bool = False) -> bytes:
        """This frame, of the device; or of another one."""
        field = self._field
        if field is None or field.at is None:
            return data
        address = self._other() if other else self._own(field)
        start = field.at if field.at >= 0 else len(data) + field.at
        if start < 0 or start + len(address) > len(data):
            return data
        return data[:start] + address + data[start + len(address) :]

    def name(self, body: bytes, *, other: bool = False) -> bytes:
        """What stands between the marks of a frame of the device, or of another one, where a pattern finds that."""
        found = None if self._match is None or self._field is None else self._match.search(body)
        if found is None:
            return body
        assert self._match is not None, "it has found it"
        assert self._field is not None, "likewise"
        start, end = found.span(self._match.names[GROUP])
        if start < 0:
            return body
        return body[:start] + (self._other() if other else self._own(self._field)) + body[end:]

    def _own(self, field: AddressField) -> bytes:
        if field.at is None or field.type == "text":
            return str(self._address).encode("latin-1")
        return int(self._address).to_bytes(field.length, field.endian)

    def _other(self) -> bytes:
        """The next one."""
        assert self._field is not None, "there are addresses"
        own = self._own(self._field)
        last = own[-1:]
        if self._field.at is not None and self._field.type == "number":
            return (
                own[:-1] + bytes([(last[0] + 1) % 256])
                if self._field.endian == "big"
                else (bytes([(own[0] + 1) % 256]) + own[1:])
            )
        return own[:-1] + (DIGITS[(DIGITS.index(last) + 1) % 10 :][:1] if last in DIGITS else b"0")
