"""Values that are texts in whole bytes. Pure."""

from __future__ import annotations

import re
import uuid
from typing import NamedTuple

from gateway.model import Value
from gateway.values import Unwritable

SCHEMES = ("http://www.", "https://www.", "http://", "https://")
"""Each a byte, from 0 (Eddystone-URL, URL Scheme Prefix)."""
ENDINGS = (".com/", ".org/", ".edu/", ".net/", ".info/", ".biz/", ".gov/")
"""Each a byte, from 0; from 7 without the slash (Eddystone-URL, HTTP URL encoding)."""
URL_BYTES = 17
"""Behind the scheme (Eddystone-URL, Frame Specification)."""

_PLAIN = re.compile(r"[!-~]+")


class Hex(NamedTuple):
    """So many bytes, as hex digits."""

    size: int

    def held(self, value: Value) -> Value:
        """In small letters."""
        return self.data(value).hex()

    def data(self, value: Value) -> bytes:
        """Raises Unwritable."""
        try:
            data = bytes.fromhex(str(value))
        except ValueError:
            data = b""
        if len(data) != self.size:
            raise Unwritable("malformed", f"it is {2 * self.size} hex digits")
        return data


class Uuid:
    """128 bits, as people write them."""

    def held(self, value: Value) -> Value:
        """In small letters, with dashes."""
        return str(uuid.UUID(bytes=self.data(value)))

    def data(self, value: Value) -> bytes:
        """Raises Unwritable."""
        try:
            return uuid.UUID(str(value)).bytes
        except ValueError:
            raise Unwritable("malformed", "it is a UUID, like fda50693-a4e2-4fb1-afcf-c6eb07647825") from None


class Url:
    """An address that begins with http, some of its parts in one byte."""

    def held(self, value: Value) -> Value:
        """As it is."""
        self.data(value)
        return value

    def data(self, value: Value) -> bytes:
        """Raises Unwritable."""
        text = str(value)
        scheme = next((each for each in SCHEMES if text.startswith(each)), None)
        if scheme is None or not _PLAIN.fullmatch(text):
            raise Unwritable("malformed", "it begins with http:// or https:// and has only plain characters")
        rest = text.removeprefix(scheme).encode()
        for code, ending in enumerate(ENDINGS):
            rest = rest.replace(ending.encode(), bytes([code]))
        for code, ending in enumerate(ENDINGS, len(ENDINGS)):
            rest = rest.replace(ending.removesuffix("/").encode(), bytes([code]))
        if len(rest) > URL_BYTES:
            raise Unwritable("out-of-range", f"it takes {len(rest)} bytes behind {scheme}, and {URL_BYTES} have room")
        return bytes([SCHEMES.index(scheme)]) + rest
