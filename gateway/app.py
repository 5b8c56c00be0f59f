"""The assembly: device -> adapter -> sample -> report -> outbox -> relay -> endpoint, and commands the way back."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import structlog

from gateway import __version__, systemd
from gateway.adapter import Adapter
from gateway.clock import WallClock, now_ms
from gateway.config.site import Site
from gateway.control.place import ControlError
from gateway.control.server import serving
from gateway.desk import Desk
from gateway.devices import describe, view_of
from gateway.endpoints.contract import Endpoint, Identity
from gateway.field import Field
from gateway.inside import Inside, Parts
from gateway.learned import Renewal, completed
from gateway.link import FieldLink
from gateway.memory import ENDPOINTS_FILE, MEMORY_FILE, MemoryFile
from gateway.orders import Orders
from gateway.outbox.rescue.adoption import adopt, warn_of_unused
from gateway.renewals import Renewals
from gateway.scans import Scans
from gateway.uplink import Uplink
from gateway.wishes import LogLevel

END_S = 1.5
"""How long a cancelled task may take to close what it has opened: a polite close of a connection takes up to 1 s."""

STATUS_S = 60.0
"""How often the gateway repeats its own status (interface: kinds)."""

GC_THRESHOLD = 50_000
"""Allocations between collections: the hot path makes no cycles, so most collections find nothing."""

log = structlog.get_logger("fieldgate")


class Gateway:
    """One site at work."""

    def __init__(
        self,
        site: Site,
        adapters: Mapping[str, type[Adapter]],
        endpoints: Mapping[str, type[Endpoint]],
        state: Path,
        orders: Orders,
        *,
        away: str | None = None,
    ) -> None:
        """`away`: why `state` is not where it should be, for the status."""
        self.ready = asyncio.Event()
        self._memory = MemoryFile(state / MEMORY_FILE, orders.kept.memory)
        self._endpoints_memory = MemoryFile(state / ENDPOINTS_FILE, orders.kept.endpoints_memory)
        configured = site
        self._site = site = completed(site, adapters, self._memory)
        self._orders = orders
        self._state = state
        self._devices = describe(site)
        self._renewal = Renewal(orders.kept.renewed, orders.renew, lambda: self._is_busy)
        self._clock = WallClock(site.gateway.clock, believed=orders.kept.believes_clock)
        self._field = Field(self._devices, now_ms)
        self._links = self._made_links(adapters)
        self._uplinks = self._made_uplinks(endpoints, away)
        self._credentials = Renewals(configured, self._uplinks, orders.reread)
        self._scans = Scans(site.links, self._links, adapters, self._field.states.answering)
        self._desk = Desk(
            site,
            state,
            devices=self._devices,
            links=self._links,
            scans=self._scans,
            latest=self._field.latest,
            clock=self._clock,
            reload=orders.reload,
            kept=orders.kept,
        )
        self.inside = Inside(
            Parts(
                gateway=site.gateway,
                config_hash=site.config_hash,
                devices=self._devices,
                clock=self._clock,
                field=self._field,
                links=self._links,
                scans=self._scans,
                uplinks=self._uplinks,
                local=self._desk.local,
            )
        )

    def _made_links(self, adapters: Mapping[str, type[Adapter]]) -> dict[str, FieldLink]:
        return {
            name: FieldLink(
                name,
                adapter=adapters[link.adapter],
                config=link.config,
                devices=link.devices,
                memory=self._memory.of(link.devices),
                field=self._field,
                max_queue=self._site.commands.max_queue,
                learned=self._renewal.learned,
            )
            for name, link in self._site.links.items()
            if link.devices and link.served
        }

    def _made_uplinks(self, endpoints: Mapping[str, type[Endpoint]], away: str | None) -> list[Uplink]:
        memory = self._endpoints_memory.of(self._site.endpoints)
        views = {name: view_of(self._site, self._devices, each.config) for name, each in self._site.endpoints.items()}
        made = [
            Uplink(
                Identity(self._site.gateway.id, name, tuple(views[name].devices)),
                endpoints[endpoint.type],
                endpoint.config,
                endpoint.outbox,
                self._state,
                view=views[name],
                wall=self._clock,
                memory=memory[name],
            )
            for name, endpoint in self._site.endpoints.items()
        ]
        level = LogLevel(self._site.log.level)
        for uplink in made:
            uplink.outbox.away = away
            uplink.wished.heeded_by(partial(level.wish, uplink.name))
            uplink.wished.heeded_by(lambda _: self._endpoints_memory.soon())
        return made

    @property
    def has_learned(self) -> bool:
        """Whether some device turned out to have other points than it is known with: a fresh gateway knows them."""
        return bool(self._renewal.waiting)

    @property
    def _is_busy(self) -> bool:
        """Whether an end now would cut short what somebody waits for."""
        return not self._scans.is_idle or not all(link.is_idle for link in self._links.values())

    async def links_tried(self, timeout_s: float) -> None:
        """Return once every link is up or has failed, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for link in self._links.values():
                    await link.tried()

    async def run(self) -> None:
        """Serve until told to stop; raises StoreError when an outbox can't be opened."""
        await asyncio.to_thread(self._adopt)
        async with AsyncExitStack() as stores:
            stores.push_async_callback(self._desk.local.close)
            await self._desk.open()
            for uplink in self._uplinks:
                stores.push_async_callback(uplink.outbox.close)
                await self._equip(uplink)
            self._field.open_to([u.intake for u in self._uplinks], [u.outbox for u in self._uplinks])
            await self._credentials.begin()
            self._announce_ready()
            self.ready.set()
            async with asyncio.TaskGroup() as tasks:
                await self._serve(tasks)
        self._orders.kept.believes_clock |= self._clock.is_synced
        log.info("stopped")

    def _adopt(self) -> None:
        """Give outboxes of endpoints that had other names to those who have them now, and say which nobody has."""
        for name, endpoint in self._site.endpoints.items():
            if endpoint.config.was is not None:
                adopt(self._state, name, endpoint.config.was, time.time())
        warn_of_unused(self._state, self._site.endpoints)

    async def _serve(self, tasks: asyncio.TaskGroup) -> None:
        """Everything at work, and its end in nesting order."""
        commits = [tasks.create_task(u.outbox.run(), name=f"commit:{u.name}") for u in self._uplinks]
        endpoints = {u.name: tasks.create_task(u.supervised.run(), name=f"endpoint:{u.name}") for u in self._uplinks}
        inner = [tasks.create_task(u.router.run(), name=f"commands:{u.name}") for u in self._uplinks]
        inner.append(tasks.create_task(self._desk.local.router.run(), name="commands:local"))
        inner += [tasks.create_task(each.run(), name="fail-safe") for each in self._desk.fail_safes()]
        audit = tasks.create_task(self._desk.local.audit.run(), name="audit")
        inner += [tasks.create_task(u.rescue.run(), name=f"rescue:{u.name}") for u in self._uplinks]
        inner.append(tasks.create_task(self._credentials.run(), name="credentials"))
        inner.append(tasks.create_task(self._repeat_status(), name="status"))
        interval_s = systemd.watchdog_interval_s()
        watchdog = [] if interval_s is None else [tasks.create_task(_ping_watchdog(interval_s), name="watchdog")]
        field = self._start_field(tasks)
        async with self._control():
            await self._orders.leave.wait()
            log.info("stopping")
            self._renewal.stop()
            await _end(inner)
            await _end(field)
            await self._desk.settle()
        await _end([audit])
        await self._desk.local.audit.settle()
        await _end([endpoints[uplink.name] for uplink in self._uplinks if not uplink.relay.may_drain])
        await self._drain()
        await _end(list(endpoints.values()))
        for uplink in self._uplinks:
            uplink.outbox.finish()
        await asyncio.gather(*commits)
        await _end(watchdog)
        for memory in (self._memory, self._endpoints_memory):
            memory.save()
        self._orders.kept.memory = self._memory.carry()
        self._orders.kept.endpoints_memory = self._endpoints_memory.carry()

    @asynccontextmanager
    async def _control(self) -> AsyncIterator[None]:
        """The API; that it can't be served keeps nothing else from working."""
        async with AsyncExitStack() as stack:
            if self._orders.socket is not None:
                try:
                    await stack.enter_async_context(serving(self.inside, self._orders.socket, self._site.control.group))
                except ControlError as error:
                    log.error("no control socket: `fieldgate status` and its like can't reach us", reason=str(error))
            yield

    async def _equip(self, uplink: Uplink) -> None:
        opened = await uplink.open()
        loop = asyncio.get_running_loop()
        uplink.equip(
            loop.time,
            lambda: self.inside.facts(uplink),
            lambda: self.inside.birth(uplink, opened),
            reported=lambda: self.inside.reported(uplink),
        )
        self._desk.serve(uplink)

    def _announce_ready(self) -> None:
        gc.unfreeze()  # what another one has left, that ran before
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        gc.enable()  # the command line has it wait while all is loaded
        systemd.notify(READY=1, STATUS=f"{len(self._devices)} devices on {len(self._links)} links")
        log.info("ready", gateway=self._site.gateway.id, version=__version__, config=self._site.config_hash)

    def _start_field(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        started = [
            tasks.create_task(self._field.watch(), name="freshness"),
            tasks.create_task(self._memory.keep(), name="memory"),
            tasks.create_task(self._endpoints_memory.keep(), name="endpoints' memory"),
            tasks.create_task(self._clock.watch(), name="clock"),
        ]
        for name, link in self._links.items():
            started.append(tasks.create_task(link.supervised.run(), name=f"link:{name}"))
            started.append(tasks.create_task(link.run_commands(), name=f"commands:{name}"))
        return started

    async def _repeat_status(self) -> None:
        while True:
            await asyncio.sleep(STATUS_S)
            for uplink in self._uplinks:
                if uplink.relay.connected_now:
                    uplink.intake.gateway_status("online")

    async def _drain(self) -> None:
        """Say goodbye, then wait for what is live to be acknowledged."""
        for uplink in self._uplinks:
            uplink.relay.say_goodbye(uplink.intake.gateway_status("offline", reason=self._orders.farewell()))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._site.gateway.drain):
                await asyncio.gather(*(uplink.relay.drained() for uplink in self._uplinks))


async def _ping_watchdog(interval_s: float) -> None:
    while True:
        systemd.notify(WATCHDOG=1)
        await asyncio.sleep(interval_s)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and wait, but not for ever: what does not end must not keep others from ending well."""
    for task in tasks:
        task.cancel()
    if tasks:
        _, stubborn = await asyncio.wait(tasks, timeout=END_S)
        for task in stubborn:
            log.error("does not end when it is told to", task=task.get_name())
