"""What people write for a host that can't be one. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_LABEL = 63
"""Of a name, between its dots (RFC 1035, 2.3.4)."""

_NUMBERS = re.compile(r"[0-9.]+")
_WITH_PORT = re.compile(r"([^:]+):([0-9]+)")


def checked_host(value: str) -> str:
    """A name or an address; raises ValueError, which says what is wrong with it."""
    if match := _WITH_PORT.fullmatch(value):
        raise ValueError(f"has no port in it: write host: {match[1]}, port: {match[2]}")
    if value.startswith("[") or re.search(r"[\s/]", value):
        raise ValueError("is a name or an IP address and nothing else, like 192.168.1.20 or plc.example")
    if _NUMBERS.fullmatch(value) and not _is_address(value):
        raise ValueError("is no IP address: that is four numbers up to 255, like 192.168.1.20")
    if any(not 0 < len(label) <= MAX_LABEL for label in value.removesuffix(".").split(".")):
        raise ValueError("is no name: there is nothing, or too much, between two of its dots")
    return value


def _is_address(value: str) -> bool:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return True


Host = Annotated[str, Field(min_length=1), AfterValidator(checked_host)]
"""Who is reached through a network."""
