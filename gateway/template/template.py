"""What is sent, once it is known what goes into its places; and the way back, for who plays the device. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from string import punctuation
from typing import Protocol

from gateway.model import Value
from gateway.template.number import from_bytes, from_characters, in_bytes, in_characters, size_of
from gateway.template.places import CHECKSUM, Format, Part, Place, Scalar
from gateway.template.send import HexSend, parts_of
from gateway.values import Unwritable

_HARMLESS = "-._"
"""Parts of names, as of a file."""
_ANYTHING = bytes(1024)
"""Its checksum is as long as that of anything else."""


class Sealing(Protocol):
    """A link's checksum."""

    def seal(self, data: bytes, /) -> bytes:
        """What `{checksum}` becomes after this."""


class Template:
    """Resolved once; `names` is what must be known, the checksum not among it."""

    def __init__(self, send: str | HexSend, seal: Sealing | None = None) -> None:
        """Raises ValueError."""
        self._parts = parts_of(send)
        self._seal = seal
        places = [part for part in self._parts if isinstance(part, Place)]
        self.is_sealed = any(place.name == CHECKSUM for place in places)
        if self.is_sealed and seal is None:
            raise ValueError("{checksum} is the link's, which has none: give the link a checksum, as in crc-16/modbus")
        self.names = frozenset(place.name for place in places) - {CHECKSUM}
        self._hows = {place.name: place.how for place in reversed(places)}
        self._ends = _ends(self._parts)
        self._whole = self._parts[0] if len(self._parts) == 1 and isinstance(self._parts[0], bytes) else None
        width = len(seal.seal(_ANYTHING)) if self.is_sealed and seal is not None else 0
        self._shape = re.compile(b"".join(_pattern(part, width) for part in self._parts), re.DOTALL)

    def render(self, values: Mapping[str, Value]) -> bytes:
        """The bytes; raises Unwritable where a value does not fit, or was not captured."""
        if self._whole is not None:
            return self._whole
        data = b""
        for part in self._parts:
            data += part if isinstance(part, bytes) else self._filled(part, values, data)
        return data

    def how(self, name: str) -> Format | Scalar | None:
        """How a value is written."""
        return self._hows.get(name)

    def ends(self, name: str) -> frozenset[str]:
        """Punctuation that stands behind this: to the device it is the end of a text."""
        return self._ends.get(name, frozenset())

    def sent(self, name: str, value: Value) -> Value:
        """What a value is once it is written as its place has it, which may round; raises Unwritable."""
        how = self._hows.get(name)
        if how is None or isinstance(value, str | bool):
            return value
        written = _written(how, value)
        return from_bytes(how, written) if isinstance(how, Scalar) else from_characters(how, written)

    def recognise(self, data: bytes) -> dict[str, Value] | None:
        """What stands in its places, if this was made from it: numbers where they are written as such, else text."""
        match = self._shape.fullmatch(data)
        if match is None:
            return None
        try:
            found = self._found(match)
            return found if self.render(found) == data else None
        except (ValueError, Unwritable):
            return None

    def _found(self, match: re.Match[bytes]) -> dict[str, Value]:
        places = [part for part in self._parts if isinstance(part, Place)]
        found: dict[str, Value] = {}
        for place, said in zip(places, match.groups(), strict=True):
            if place.name != CHECKSUM:
                found.setdefault(place.name, _read(place, said))
        return found

    def _filled(self, place: Place, values: Mapping[str, Value], before: bytes) -> bytes:
        if place.name == CHECKSUM:
            assert self._seal is not None, "__init__ has seen to that"
            return self._seal.seal(before)
        value = values.get(place.name)
        if value is None:
            raise Unwritable("malformed", f"nothing is known that could be sent as {{{place.name}}}")
        try:
            return _written(place.how, value)
        except Unwritable as error:
            raise Unwritable(error.reason, f"{place.name}: {error}") from None


def _written(how: Format | Scalar | None, value: Value) -> bytes:
    if isinstance(how, Scalar):
        return in_bytes(how, value)
    text = in_characters(how, value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Unwritable("malformed", f"{error.object[error.start]!r} is no single byte") from None


def _ends(parts: Sequence[Part]) -> dict[str, frozenset[str]]:
    """By the name of what stands before it."""
    ends: dict[str, frozenset[str]] = {}
    for place, behind in pairwise(parts):
        if isinstance(place, Place) and place.how is None and isinstance(behind, bytes):
            mark = behind[:1].decode("latin-1")
            if mark in punctuation and mark not in _HARMLESS:
                ends[place.name] = ends.get(place.name, frozenset()) | {mark}
    return ends


def _read(place: Place, said: bytes) -> Value:
    return from_bytes(place.how, said) if isinstance(place.how, Scalar) else from_characters(place.how, said)


def _pattern(part: bytes | Place, width: int) -> bytes:
    """What may stand there; a checksum has so many bytes."""
    if isinstance(part, bytes):
        return re.escape(part)
    if part.name == CHECKSUM:
        return b"(.{%d})" % width
    if isinstance(part.how, Scalar):
        return b"(.{%d})" % size_of(part.how)
    if part.how is None:
        return b"(.*?)"
    if part.how.letter == "f":
        return rb"([-+ ]*\d+(?:\.\d+)?)"
    return rb"([-+ ]*[0-9A-Fa-f]+)" if part.how.letter in "xX" else rb"([-+ ]*\d+)"
