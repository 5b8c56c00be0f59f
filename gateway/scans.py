"""Scans of links: beside the polls of one that is served, else by the adapter alone; of each link one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gateway.adapter import Adapter, Progress, Rejected, Tell
from gateway.config.site import LinkSetup
from gateway.link import FieldLink

Found = list[dict[str, Any]]


class Scans:
    """What can be scanned: `setups` are all links, `served` those that work; `answering(link)`: devices that do."""

    def __init__(
        self,
        setups: Mapping[str, LinkSetup],
        served: Mapping[str, FieldLink],
        adapters: Mapping[str, type[Adapter]],
        answering: Callable[[str], list[str]],
    ) -> None:
        self._setups = setups
        self._served = served
        self._adapters = adapters
        self._answering = answering
        self._under_way: set[str] = set()
        self._watchers: dict[str, list[Tell]] = {}

    @property
    def links(self) -> Mapping[str, LinkSetup]:
        """By name."""
        return self._setups

    @property
    def is_idle(self) -> bool:
        """Whether none is under way."""
        return not self._under_way

    async def scan(self, name: str, options: Mapping[str, Any]) -> Found:
        """Look for devices on a link, until cancelled; raises KeyError, Rejected."""
        setup = self._setups[name]
        if name in self._under_way:
            raise Rejected("busy", f"{name} is being scanned already: wait for that, or end it")
        self._under_way.add(name)
        try:
            return await self._scanned(name, setup, options)
        finally:
            self._under_way.discard(name)

    @contextmanager
    def watched(self, name: str, tell: Tell) -> Iterator[None]:
        """Tell how far any scan of this link is."""
        watchers = self._watchers.setdefault(name, [])
        watchers.append(tell)
        try:
            yield
        finally:
            watchers.remove(tell)

    async def _scanned(self, name: str, setup: LinkSetup, options: Mapping[str, Any]) -> Found:
        adapter = self._adapters[setup.adapter]

        def tell(progress: Progress) -> None:
            for watcher in self._watchers.get(name, ()):
                watcher(progress)

        alone = adapter.scans_alone(setup.config, options)
        if name not in self._served:
            return await adapter.survey(setup.config, setup.devices, options, tell)
        link = self._served[name]
        if not alone:
            return await link.scan(options, tell)
        if answering := self._answering(name):
            raise Rejected("in-use", _in_use(name, answering))
        async with link.lent():
            return await adapter.survey(setup.config, setup.devices, options, tell)


def _in_use(name: str, answering: list[str]) -> str:
    one = answering[0]
    return (
        f"{one} answers on {name} as it is set, and would be cut off: scan it as it is set,"
        f" or stop the gateway for as long"
    )
