"""The gateway as it is seen from the box itself: what the control API serves, and what its status says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from gateway import __version__
from gateway import log as logging_setup
from gateway.adapter import Tap, Tell
from gateway.clock import WallClock
from gateway.config.models import GatewaySection
from gateway.control.house import LinkFacts, Unavailable
from gateway.endpoints.payload import iso_ms
from gateway.field import Field
from gateway.latest import Latest
from gateway.link import FieldLink
from gateway.local import Local
from gateway.model import DeviceInfo, DeviceStatus, Result
from gateway.outbox.disk.store import Opened, StoreError
from gateway.scans import Scans
from gateway.supervisor import Phase
from gateway.uplink import Uplink

END = 1 << 62
"""A number that no record has reached."""


class Parts(NamedTuple):
    """What a gateway consists of."""

    gateway: GatewaySection
    config_hash: str
    devices: Mapping[str, DeviceInfo]
    clock: WallClock
    field: Field
    links: Mapping[str, FieldLink]
    scans: Scans
    uplinks: Sequence[Uplink]
    local: Local


class Inside:
    """A `House` (gateway/control/house.py)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def devices(self) -> Mapping[str, DeviceInfo]:
        """By id, in the order of the files."""
        return self._parts.devices

    @property
    def latest(self) -> Latest:
        """What was last read."""
        return self._parts.field.latest

    def status(self) -> Mapping[str, Any]:
        """The gateway's own, of all endpoints."""
        endpoints = {
            uplink.name: {
                "state": uplink.supervised.phase.value,
                "fault": uplink.supervised.fault,
                "connected": uplink.relay.connection,
                "notes": uplink.notes,
                "wished": uplink.wished.facts(),
                "outbox": uplink.outbox_facts(),
                "commands": dict(uplink.router.counters),
            }
            for uplink in self._parts.uplinks
        }
        return {
            "gateway": self._parts.gateway.id,
            "config": self._parts.config_hash,
            **self._common(),
            "commands": dict(self._parts.local.router.counters),
            "audit": {"lost": self._parts.local.audit.lost},
            "endpoints": endpoints,
        }

    def facts(self, uplink: Uplink) -> dict[str, Any]:
        """Of the status envelope of one endpoint: of devices only those that it is told of."""
        common = self._common()
        common["trouble"]["devices"] = {
            name: why for name, why in common["trouble"]["devices"].items() if name in uplink.view.devices
        }
        return {
            "version": common.pop("version"),
            "system_clock": common.pop("system_clock"),
            "outbox": uplink.outbox_facts(),
            "commands": dict(uplink.router.counters),
            "notes": uplink.notes or None,
            **common,
        }

    def birth(self, uplink: Uplink, opened: Opened) -> dict[str, Any]:
        """Of the gateway's birth at one endpoint, whose outbox was `opened`."""
        gateway = self._parts.gateway
        return {
            "version": __version__,
            "description": gateway.description or None,
            "labels": gateway.labels or None,
            "config": self._parts.config_hash,
            "devices": list(uplink.view.devices),
            "previous": {"session": opened.previous_session, "clean": opened.clean},
        }

    def reported(self, uplink: Uplink) -> dict[str, Any]:
        """What an endpoint may report of the gateway, of devices and links only those that it is told of.

        Cheap, and asked for often; it holds no secret.
        """
        states, devices, outbox = self._parts.field.states.current, uplink.view.devices, uplink.outbox.depth()
        links = {info.link for info in devices.values()}
        return {
            "gateway": self._parts.gateway.id,
            "version": __version__,
            "config": self._parts.config_hash,
            "system_clock": self._parts.clock.state,
            "devices": {name: _told(states[name], info.link) for name, info in devices.items()},
            "links": {
                name: {"state": link.supervised.phase.value, "fault": link.supervised.fault}
                for name, link in self._parts.links.items()
                if name in links
            },
            "outbox": {"waiting": outbox["waiting"], "fault": _clean(outbox["fault"])},
        }

    def states(self) -> Mapping[str, DeviceStatus]:
        """Each device's state."""
        return self._parts.field.states.current

    def outboxes(self) -> Mapping[str, Mapping[str, Any]]:
        """By endpoint, what waits."""
        return {uplink.name: uplink.outbox_facts() for uplink in self._parts.uplinks}

    async def command(self, body: bytes, device: str, user: str) -> Result:
        """Like one from the cloud."""
        return await self._parts.local.command(body, device, user)

    @property
    def links(self) -> Mapping[str, LinkFacts]:
        """By id."""
        return {name: LinkFacts(link.adapter, link.config.exclusive) for name, link in self._parts.scans.links.items()}

    async def scan(self, link: str, command: str, body: bytes, user: str, tell: Tell) -> Result:
        """As a command; ends it when cancelled."""
        with self._parts.scans.watched(link, tell):
            try:
                return await self._parts.local.command(body, "", user)
            except asyncio.CancelledError:
                self._parts.local.end(command)
                raise

    def tapped(self, link: str, tap: Tap) -> AbstractContextManager[None]:
        """Raises KeyError, Rejected."""
        return self._parts.links[link].tapped(tap)

    async def audit(self, query: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The newest first; raises Unavailable."""
        try:
            return await self._parts.local.audit.records(
                device=query.get("device"),
                since_ms=query.get("since_ms", 0),
                before=query.get("before", END),
                limit=query["limit"],
            )
        except StoreError as error:
            raise Unavailable(f"the audit can't be read: {error}") from error

    def _common(self) -> dict[str, Any]:
        links = self._parts.links
        faults = {n: link.supervised.fault for n, link in links.items() if link.supervised.phase is not Phase.UP}
        return {
            "version": __version__,
            "system_clock": self._parts.clock.state,
            "links": {name: link.health() for name, link in links.items()},
            "trouble": {"links": faults, "devices": self._parts.field.states.in_trouble()},
        }


def _told(status: DeviceStatus, link: str) -> dict[str, Any]:
    """Of one device."""
    return {"state": status.state.value, "since": iso_ms(status.since_ms), "reason": status.reason, "link": link}


def _clean(fault: str | None) -> str | None:
    return None if fault is None else logging_setup.cleaned(fault)
