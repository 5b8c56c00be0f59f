"""Certificates and secrets: which may not last, and what follows when they are exchanged while the gateway runs.

Connections begin anew, the field goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from pathlib import Path

import structlog

from gateway.config.site import Site
from gateway.uplink import Uplink
from gateway.watched import Watched

LOOK_S = 1.0
"""How often files are looked at. They must rest for as long: who writes a certificate and its key takes less."""

ADVICE_S = 86_400.0
"""How often what may not last is looked at, and told again: a month's warning of a certificate is thirty lines."""

log = structlog.get_logger("fieldgate.renewals")

Reread = Callable[[], Awaitable[Site | None]]
"""Reads the configuration again; None, and the reason logged, if it has errors or other content than its secrets."""


class Renewals:
    """Of one gateway. Call `begin` before anything connects, then run it."""

    def __init__(self, site: Site, uplinks: Sequence[Uplink], reread: Reread) -> None:
        self._site = site
        self._uplinks = uplinks
        self._reread = reread
        self._untaken: dict[str, set[Path]] = {uplink.name: set() for uplink in uplinks}
        """By endpoint, files that have changed and can't be used so far."""
        self._has_other_secrets = False
        """That were not taken so far."""
        ours = {path for uplink in uplinks for path in uplink.files}
        self._watched = Watched({*ours, *site.files}, site.secret_files)

    async def begin(self) -> None:
        """What is there now counts as known; of secrets, what was there when they were read."""
        await asyncio.to_thread(self._watched.begin)

    async def run(self) -> None:
        """Until cancelled."""
        loop, advised_s = asyncio.get_running_loop(), float("-inf")
        while True:
            if loop.time() - advised_s >= ADVICE_S:
                advised_s = loop.time()
                for uplink in self._uplinks:
                    await uplink.advise()
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Once."""
        changed = set(await asyncio.to_thread(self._watched.look))
        if not changed:
            return
        reasons: dict[str, list[str]] = {uplink.name: [] for uplink in self._uplinks}
        await self._take_secrets(changed, reasons)
        for uplink in self._uplinks:
            await self._take_files(uplink, changed, reasons[uplink.name])
            if reasons[uplink.name]:
                uplink.renew("; ".join(reasons[uplink.name]))
                await uplink.advise()

    async def _take_secrets(self, changed: set[Path], reasons: dict[str, list[str]]) -> None:
        """The rest of the configuration is the same, or nothing is taken: then again when a file of it changes."""
        self._has_other_secrets |= not changed.isdisjoint(self._site.secret_files)
        if not self._has_other_secrets or changed.isdisjoint({*self._site.secret_files, *self._site.files}):
            return
        site = await self._reread()
        if site is None:
            return
        self._has_other_secrets = False
        self._watched.also(site.secret_files)
        for uplink in self._uplinks:
            if uplink.reconfigure(site.endpoints[uplink.name].config):
                reasons[uplink.name].append("its secrets have changed")
        links = [name for name, link in site.links.items() if link != self._site.links[name]]
        if links:
            log.warning("secrets of links have changed: reload the configuration to use them", links=links)
        self._site = site

    async def _take_files(self, uplink: Uplink, changed: set[Path], reasons: list[str]) -> None:
        untaken = self._untaken[uplink.name]
        if changed.isdisjoint(uplink.files):
            return
        untaken |= changed.intersection(uplink.files)
        told = f"{_listed(self._names(untaken))} {'has' if len(untaken) == 1 else 'have'} changed"
        fault = await asyncio.to_thread(uplink.fault_of_files)
        uplink.files_fault = f"{told}, but can't be used: {fault}" if fault else None
        if fault is not None:
            log.error(
                "changed files can't be used: the connection stays as it is",
                endpoint=uplink.name,
                reason=told,
                why=fault,
            )
            return
        untaken.clear()
        reasons.append(told)

    def _names(self, paths: Iterable[Path]) -> list[str]:
        directory = self._site.directory
        return sorted(str(path.relative_to(directory) if path.is_relative_to(directory) else path) for path in paths)


def _listed(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
