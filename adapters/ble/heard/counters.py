"""What is counted of advertisements on one radio. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from adapters.ble.decoders.contract import Refusal


@dataclass(slots=True)
class Counters:
    """All of them only grow.

    `adverts`: of devices of the configuration; `strangers`: of others. Of those `collapsed` said nothing that was not
    said already, `undecodable` are of no format that is known, and of `encrypted` to `malformed` the format is known,
    and nothing could be taken from them. `overflowed`: left out, as there were more than a device may send. `lost`:
    never heard, as packet counters say. `unread`: parts of packets, as a newer format has them.
    """

    adverts: int = 0
    strangers: int = 0
    collapsed: int = 0
    undecodable: int = 0
    encrypted: int = 0
    not_encrypted: int = 0
    wrong_key: int = 0
    replayed: int = 0
    malformed: int = 0
    overflowed: int = 0
    lost: int = 0
    unread: int = 0

    def refused(self, why: Refusal) -> None:
        """One more for this reason."""
        name = why.value.replace("-", "_")
        setattr(self, name, getattr(self, name) + 1)

    def shown(self) -> dict[str, int]:
        """By name, for the gateway's status."""
        return asdict(self)
