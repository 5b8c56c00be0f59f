"""What the gateway has learned of a configuration's devices, for those who only read the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway import plugins
from gateway.config import LinkSetup
from gateway.learned import with_learned
from gateway.memory import MEMORY_FILE, Unreadable, facts_in


class Known:
    """Links with the points of their devices that are known in a state directory, if it has any that may be read."""

    def __init__(self, state: Path) -> None:
        self._path = state / MEMORY_FILE

    def __call__(self, links: Mapping[str, LinkSetup]) -> Mapping[str, LinkSetup]:
        """The same links, completed as the gateway completes them."""
        try:
            facts = facts_in(self._path)
        except Unreadable:  # the gateway itself says so; it is no fault of the configuration
            return links
        adapters = plugins.adapters(link.adapter for link in links.values())
        return with_learned(links, adapters, lambda devices: {name: facts.get(name, {}) for name in devices})
