"""What attempts to log in have come to, one after the other, and what to try next. Pure."""

from __future__ import annotations

from typing import Any

from gateway.endpoints.contract import Memory

FAILURES_TO_ASK = 10
"""So many attempts in a row that fail, and device provisioning is asked anew ("Manage device reconnections")."""

KEPT_AS = "tries"
"""In the endpoint's memory."""


class Tries:
    """Of one endpoint; `memory` outlives each of its instances."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        kept = memory.get(KEPT_AS)
        self._kept: dict[str, Any] = kept if isinstance(kept, dict) else {}

    def let_in(self) -> None:
        """The hub has taken the login; the key that has opened it stays the first one to try."""
        self._keep({"key": self.key})

    def failed(self, *, refused: bool) -> None:
        """It has not, or could not be reached. Only when it has refused us, the other key is worth a try."""
        failures, refusals = self._number("failures") + 1, self._number("refusals") + refused
        asks = (refused and refusals == 1) or failures % FAILURES_TO_ASK == 0
        self._keep({"key": self.key + refused, "failures": failures, "refusals": refusals, "asks": asks})

    @property
    def key(self) -> int:
        """Which key is to be tried, counted over and over again."""
        return self._number("key")

    @property
    def asks_anew(self) -> bool:
        """Whether device provisioning is to be asked whom we belong to: each time is billed."""
        return self._kept.get("asks") is True

    def _number(self, name: str) -> int:
        value = self._kept.get(name, 0)
        return value if isinstance(value, int) else 0

    def _keep(self, kept: dict[str, Any]) -> None:
        self._kept = self._memory[KEPT_AS] = {name: value for name, value in kept.items() if value}
