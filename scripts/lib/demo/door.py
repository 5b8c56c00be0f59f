"""A door that locks itself again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Door:
    """Unlocked as long as it was told to be."""

    open_for_s: float = 0.0

    @property
    def locked(self) -> bool:
        """Whether nobody gets in."""
        return self.open_for_s <= 0

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.open_for_s = max(0.0, self.open_for_s - seconds)
