"""Everything that takes commands: one way for those of the endpoints, of the box itself, and of a lost uplink."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from gateway.actions import Actions
from gateway.clock import WallClock, now_ms
from gateway.commands.admission import Plant
from gateway.commands.failsafe import Away, FailSafe, Presence, Written
from gateway.commands.guard import Counted, Guard
from gateway.config.site import Site
from gateway.latest import Latest
from gateway.learned import Renewed
from gateway.link import FieldLink
from gateway.local import Local
from gateway.model import DeviceInfo, Result, ResultStatus
from gateway.outbox.disk.store import StoreError
from gateway.scans import Scans
from gateway.uplink import Uplink

TOKEN_BYTES = 8
"""Of what a second command must carry: nobody guesses it within a minute."""

RUN_BYTES = 2
"""Of what tells two runs of one number apart: the journal of both may be one in the end."""

LONGEST_RATE_MS = 86_400_000
"""Of longer periods a restart forgets what was before."""

log = structlog.get_logger("fieldgate.commands")


@dataclass
class Kept:
    """What one gateway of a process leaves to the next, and no file need tell; times on the loop's clock."""

    believes_clock: bool = False
    counted: Counted = field(default_factory=dict)
    away: Away = field(default_factory=dict)
    written: Written = field(default_factory=dict)
    renewed: dict[str, Renewed] = field(default_factory=dict)
    memory: bytes | None = None
    endpoints_memory: bytes | None = None


class Desk:
    """The commands' side of a gateway. Call `open`, then `serve` each uplink, then run the parts."""

    def __init__(
        self,
        site: Site,
        state: Path,
        *,
        devices: Mapping[str, DeviceInfo],
        links: Mapping[str, FieldLink],
        scans: Scans,
        latest: Latest,
        clock: WallClock,
        reload: Callable[[], Awaitable[Result]],
        kept: Kept,
    ) -> None:
        self.local = Local(state, site.commands, clock)
        self._settings = site.commands
        self._zone = UTC if site.gateway.timezone == "UTC" else ZoneInfo(site.gateway.timezone)
        self._devices = devices
        self._clock = clock
        self._links = links
        self._guard = Guard(asyncio.get_running_loop().time, self._minute, lambda: token_hex(TOKEN_BYTES), kept.counted)
        self._kept = kept
        self._is_counted = bool(kept.counted)
        self._plant = Plant(devices, links, self._guard, latest, lambda: clock.is_synced)
        self._actions = Actions(scans, reload)
        self._presence = Presence(site.endpoints, kept.away)
        kept.away = self._presence.away
        self._uplinks: list[Uplink] = []

    async def open(self) -> None:
        """Open the local journal and the audit; raises StoreError."""
        await self.local.open()
        await self._remember()
        self.local.equip(self._plant, {"republish-birth": self._republish, **self._actions.all})

    async def _remember(self) -> None:
        """What was carried out before a restart counts for rates, too, as far as a clock can tell when that was."""
        if self._is_counted or not self._clock.is_synced:
            return
        try:
            counted = await self.local.audit.counted(now_ms() - LONGEST_RATE_MS)
        except StoreError as error:
            log.error("what was commanded before is not known: rates begin anew", error=str(error))
            return
        for ago_s, rule in counted:
            self._guard.remember(ago_s, rule)

    def serve(self, uplink: Uplink) -> None:
        """Take this endpoint's commands; its outbox must be open."""
        self._uplinks.append(uplink)
        uplink.relay.on_presence = lambda connected: self._presence.tell(uplink.name, connected=connected)
        uplink.command(self._plant, self.local.audit, self._actions.all, self._settings)

    def fail_safes(self) -> Sequence[FailSafe]:
        """To be run beside the routers."""
        send = partial(self.local.command, user=None, fail_safe=True)
        run = f"{self.local.session}-{token_hex(RUN_BYTES)}"
        return [
            FailSafe(
                name,
                info.fail_safe,
                self._presence,
                run=run,
                send=send,
                report=self._report,
                written=self._kept.written,
            )
            for name, info in self._devices.items()
            if info.fail_safe is not None
        ]

    async def settle(self) -> None:
        """At the stop, when nothing is routed or carried out any more: answer whatever waits."""
        for link in self._links.values():
            link.refuse_waiting()
        routers = [self.local.router, *(uplink.router for uplink in self._uplinks)]
        await asyncio.gather(*(router.settle() for router in routers))

    def _minute(self) -> int | None:
        """Of the day, where the gateway is; None while the clock can't be believed."""
        if not self._clock.is_synced:
            return None
        now = datetime.now(self._zone)
        return now.hour * 60 + now.minute

    def _report(self, device: str, command: str, result: Result) -> None:
        """Of a command that no endpoint has sent, to all that want results of that device."""
        for uplink in [each for each in self._uplinks if each.intake.takes("results", device)]:
            uplink.outbox.keep(uplink.intake.result(device, command, result))

    async def _republish(self, _args: Mapping[str, Any]) -> Result:
        for uplink in self._uplinks:
            uplink.relay.republish()
        return Result(ResultStatus.DONE)
