"""For how long a search listens, and for whom: its options. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.ble.config import parse_address
from gateway.adapter import Rejected
from gateway.units import UnitError, format_duration, parse_duration

LISTEN_S = 10.0
"""Most devices advertise each second; those that save power each ten."""
MAX_LISTEN_S = 3600.0
OPTIONS = ("listen", "address")


class Scope(NamedTuple):
    """`addresses`: only these; none: everybody."""

    listen_s: float
    addresses: frozenset[str]

    def wants(self, address: str) -> bool:
        """Whether it is one that is looked for."""
        return not self.addresses or address in self.addresses


def scope_of(options: Mapping[str, Any]) -> Scope:
    """What `listen` ("30s") and `address` ("AA:BB:CC:DD:EE:FF", several with commas) ask for; raises Rejected."""
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise _malformed(f"a search has the options {' and '.join(OPTIONS)}, but no {unknown[0]!r}")
    given = options.get("address", "")
    if not isinstance(given, str):
        raise _malformed('address must be a text like "AA:BB:CC:DD:EE:FF"')
    try:
        addresses = frozenset(parse_address(word) for word in given.split(",") if word.strip())
    except ValueError as error:
        raise _malformed(f"address: {error}") from None
    return Scope(_listen(options.get("listen", format_duration(LISTEN_S))), addresses)


def _listen(given: Any) -> float:
    try:
        listen_s = parse_duration(given)
    except UnitError as error:
        raise _malformed(f"listen {error}") from None
    if not 0 < listen_s <= MAX_LISTEN_S:
        raise _malformed(f"listen must be longer than zero and at most {format_duration(MAX_LISTEN_S)}")
    return listen_s


def _malformed(detail: str) -> Rejected:
    return Rejected("malformed", detail)
