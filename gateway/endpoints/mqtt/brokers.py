"""Which of several brokers to begin with, and what was learned of each, kept as JSON values. Pure."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

from gateway.endpoints.reach.address import Address

SOON_S = 30.0
"""A connection that is cut so soon after login is not told from one that another client took over."""

SUSPICIOUS_CUTS = 3
"""So many in a row are no accident of the line."""

BEGIN, SERVED, CUTS = "begin_with", "served_by", "cut_soon"
NO_RETAIN, NO_ALIASES, KEPT = "no_retain", "no_aliases", "session_at"
"""Keys of what is kept, each but CUTS with an address."""


class Brokers:
    """The addresses of one endpoint in the order of trying, by what happened before."""

    def __init__(self, addresses: Sequence[Address], memory: MutableMapping[str, Any]) -> None:
        self._addresses = addresses
        self._memory = memory

    @property
    def in_turn(self) -> tuple[Address, ...]:
        """As configured, except that it begins behind a broker that let us in for nothing."""
        names = [str(address) for address in self._addresses]
        begin = self._memory.get(BEGIN)
        at = names.index(begin) if begin in names else 0
        return (*self._addresses[at:], *self._addresses[:at])

    def let_in(self, address: Address) -> None:
        """A broker has taken the login."""
        self._memory[SERVED] = str(address)

    def was_well(self) -> None:
        """A connection is over on which something was acknowledged: next time the first one is to be tried first."""
        self._memory.pop(BEGIN, None)

    def was_useless(self, address: Address) -> None:
        """One is over on which nothing was, though we were let in: next time the one behind it is."""
        at = self._addresses.index(address) + 1
        self._memory[BEGIN] = str(self._addresses[at % len(self._addresses)])

    def was_cut(self, after_s: float) -> int:
        """One was cut without a word, so long after login; how many in a row were cut soon."""
        cuts = self._memory.get(CUTS, 0) + 1 if after_s < SOON_S else 0
        self._memory[CUTS] = cuts
        return int(cuts)

    def was_not_cut(self) -> None:
        """One ended otherwise."""
        self._memory.pop(CUTS, None)

    def learn(self, what: str, address: Address, *, so: bool) -> None:
        """Whether it is so with this broker."""
        known = [name for name in self._memory.get(what, ()) if name != str(address)]
        if so:
            known.append(str(address))
        if known:
            self._memory[what] = known
        else:
            self._memory.pop(what, None)

    def knows(self, what: str, address: Address) -> bool:
        """Whether that was learned."""
        return str(address) in self._memory.get(what, ())
