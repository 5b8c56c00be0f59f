"""What an adapter or endpoint makes of a configuration that is valid, but may not do what is meant."""

from __future__ import annotations

from typing import Literal, NamedTuple

AdviceKind = Literal[
    "port-name", "overload", "address", "unreachable", "impossible", "expiry", "certificate", "exposed", "other"
]
"""`port-name`: another port may have this name tomorrow; `overload`: more is polled than there is time for; `address`:
hardly the one that is meant; `unreachable`: nobody can ever answer there, and `impossible`: it can't work so, which
are errors; `expiry`: it will end by itself soon, as a certificate does; `certificate`: one can't be used; `exposed`:
others can read a secret; all else is `other`."""


class Advice(NamedTuple):
    """One sentence for an installer: what is so, and what to do.

    `path` leads to what it is about, from the device's entry on or, without `device`, from the link's or endpoint's;
    what the file does not have of it is left out.
    """

    kind: AdviceKind
    text: str
    path: tuple[str, ...] = ()
    device: str | None = None
