"""What adapters have learned of their devices becomes their configuration, and when the gateway is made anew for it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import structlog

from gateway.adapter import Adapter, Memory
from gateway.config.site import LinkSetup, Site
from gateway.memory import MemoryFile

GATHER_S = 2.0
"""Devices that are met at the same time tell what they have within so long: all of it is taken up at once."""

APART_S = 10.0
"""Polls pause for some tens of milliseconds each time: not more often than so."""

CALM_S = 3600.0
"""A device that tells something else each time must not keep the others from work: it waits twice as long each time, up
to this. After as long a calm that is forgotten."""

MemoryOf = Callable[[Iterable[str]], Memory]
"""What is remembered of these devices."""

LOOK_S = 0.25
"""How often it is looked whether commands and scans have ended: what they would be cut short by can wait for that."""

BUSY_MAX_S = 300.0
"""Somebody who commands all the time must not keep a device from work for ever."""

log = structlog.get_logger("fieldgate.learned")


def completed(site: Site, adapters: Mapping[str, type[Adapter]], memory: MemoryFile) -> Site:
    """The same site, its devices with the points that were learned of them."""
    return replace(site, links=with_learned(site.links, adapters, memory.of))


def with_learned(
    links: Mapping[str, LinkSetup], adapters: Mapping[str, type[Adapter]], memory_of: MemoryOf
) -> dict[str, LinkSetup]:
    """The same links, likewise."""
    return {name: _completed(name, link, adapters, memory_of) if link.devices else link for name, link in links.items()}


def _completed(name: str, link: LinkSetup, adapters: Mapping[str, type[Adapter]], memory_of: MemoryOf) -> LinkSetup:
    try:
        devices: Mapping[str, Any] = adapters[link.adapter].complete(link.config, link.devices, memory_of(link.devices))
    except Exception:  # a plugin's defect costs what it could have learned, and not the gateway
        log.exception("defect", name=f"link {name}")
        return link
    return replace(link, devices={device: devices.get(device, given) for device, given in link.devices.items()})


class Renewed(NamedTuple):
    """When the gateway was last made anew for a device (the loop's clock), and how long the next time is away."""

    at_s: float
    pause_s: float


NEVER = Renewed(-math.inf, 0.0)


class Renewal:
    """Has the gateway made anew, soon, but not again and again; `renewed` outlasts that, by device.

    `is_busy()`: whether something is under way that would be cut short.
    """

    def __init__(
        self, renewed: dict[str, Renewed], renew: Callable[[], None], is_busy: Callable[[], bool] = lambda: False
    ) -> None:
        self.waiting: set[str] = set()
        """Devices that have told something new."""
        self._renewed = renewed
        self._renew = renew
        self._is_busy = is_busy
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    def learned(self, device: str) -> None:
        """It has other points than it is known with."""
        self.waiting.add(device)
        if self._is_over:
            return
        due_s = self._due_s(device)
        if self._timer is not None and self._timer.when() <= due_s:
            return
        self._disarm()
        self._timer = self._loop.call_at(due_s, self._go, due_s)
        wait_s = due_s - self._loop.time()
        log.info("points of a device are found", device=device, taken_up_in_s=round(wait_s))

    def stop(self) -> None:
        """It ends: what is told from now on is known to the next one anyway."""
        self._is_over = True
        self._disarm()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due_s(self, device: str) -> float:
        last_s = max((each.at_s for each in self._renewed.values()), default=-math.inf)
        own = self._renewed.get(device, NEVER)
        return max(self._loop.time() + GATHER_S, last_s + APART_S, own.at_s + own.pause_s)

    def _go(self, due_s: float) -> None:
        now_s = self._loop.time()
        if self._is_busy() and now_s < due_s + BUSY_MAX_S:
            self._timer = self._loop.call_later(LOOK_S, self._go, due_s)
            return
        self._timer = None
        for device in self.waiting:
            own = self._renewed.get(device, NEVER)
            is_calm = now_s - own.at_s > own.pause_s + CALM_S
            self._renewed[device] = Renewed(now_s, APART_S if is_calm else min(2 * own.pause_s, CALM_S))
        self._renew()
