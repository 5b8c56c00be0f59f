"""One link at work without a daemon: for a person at the box, under the same lock, policy, journal and audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway import plugins
from gateway.app import Gateway
from gateway.config.site import Site
from gateway.desk import Kept
from gateway.inside import Inside
from gateway.model import Result, ResultStatus
from gateway.orders import Orders

LINK_S = 10.0
"""How long a link may take to come up, or to say that it can't: longer than its connect timeout by default."""

ROUNDS = 2
"""What a device itself says it has is asked for in the first, and known in the second."""


def alone(site: Site, device: str) -> Site:
    """The same site with nothing but the link of this device; raises KeyError."""
    links = {name: link for name, link in site.links.items() if device in link.devices}
    if not links:
        raise KeyError(device)
    return replace(site, endpoints={}, links=links)


def to_scan(site: Site) -> Site:
    """The same site with nobody at work on its links, so that each can be scanned."""
    links = {name: replace(link, served=False) for name, link in site.links.items()}
    return replace(site, endpoints={}, links=links)


@asynccontextmanager
async def direct(part: Site, state: Path) -> AsyncIterator[Inside]:
    """The gateway with only a part of its site, once its links are up or have failed.

    The caller holds the state directory (`cli.state.owned`). Raises StoreError, OSError.
    """
    adapters = plugins.adapters(link.adapter for link in part.links.values())
    kept = Kept()
    for number in range(1, ROUNDS + 1):
        leave = asyncio.Event()
        gateway = Gateway(part, adapters, {}, state, Orders(leave, _refuse_reload, lambda: "stopped", kept))
        work = asyncio.create_task(gateway.run(), name="direct")
        try:
            await _until(gateway.ready, work)
            await gateway.links_tried(LINK_S)
            if number == ROUNDS or not gateway.has_learned:
                yield gateway.inside
                return
        finally:
            leave.set()
            await work


async def _until(ready: asyncio.Event, work: asyncio.Task[None]) -> None:
    """Return when it is ready; raises what has kept it from that."""
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({waiting, work}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        await work


async def _refuse_reload() -> Result:
    return Result(ResultStatus.REJECTED, reason="not-supported", detail="no daemon runs that could reload")
