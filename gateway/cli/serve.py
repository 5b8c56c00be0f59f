"""The daemon at work: in the state directory, or in memory for as long as the disk there refuses at a start."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

import structlog

from gateway import plugins, systemd
from gateway.app import Gateway
from gateway.cli.course import Course
from gateway.cli.home import Home
from gateway.cli.refuge import bounded, is_ours, made, places
from gateway.cli.state import owned
from gateway.config import Site
from gateway.control.place import socket_path
from gateway.orders import Orders
from gateway.outbox.disk.store import StoreError
from gateway.outbox.rescue.homecoming import bring_home, bytes_in, furnish

LOOK_S, LOOK_MAX_S = 3.0, 600.0
"""How long after the disk has refused it is tried again; from each time on that it is no use, twice as long."""

START_S = 30
"""How long systemd may wait for the next sign of life while a start brings much home."""

HINT = (
    "what waits is kept in memory, 16 MiB per endpoint, and lost with the power; commands that write are refused for"
    " now; mend the disk or replace it: it is then used again without a restart"
)

log = structlog.get_logger("fieldgate")


async def serve(course: Course, state: Path) -> None:
    """Until told to stop; raises InUse, OSError, StoreError where it can't begin."""
    pause_s = LOOK_S
    with Home(state) as home:
        while not course.is_over:
            course.begin()
            try:
                home.take()
                await _work_at_home(course, state)
            except (OSError, StoreError) as error:
                if not await asyncio.to_thread(home.refuses, error) or (folder := made(_places(state))) is None:
                    raise
                home.leave()
                await _work_in_memory(course, home, folder, fault=str(error), pause_s=pause_s)
                pause_s = min(2 * pause_s, LOOK_MAX_S)


async def _work_at_home(course: Course, state: Path) -> None:
    """First what was left in memory is brought there."""
    _alive()
    for folder in filter(is_ours, _places(state)):
        with owned(folder):
            await asyncio.to_thread(bring_home, folder, state, time.time(), _alive)
    await _work(course, course.site, state, course.leave)


def _alive() -> None:
    """Nobody else says so, to a systemd that waits for it at the start or later."""
    systemd.notify(WATCHDOG=1, EXTEND_TIMEOUT_USEC=START_S * systemd.MICROSECONDS)


async def _work_in_memory(course: Course, home: Home, folder: Path, *, fault: str, pause_s: float) -> None:
    """Until it is time to leave, or the disk takes writes again: then this process has locked the state directory."""
    with owned(folder):
        await asyncio.to_thread(furnish, folder, home.state, course.site.endpoints)
        log.error("the state directory can't be used", reason=fault, working_in=str(folder), hint=HINT)
        leave = asyncio.Event()
        watch = asyncio.create_task(_watch(home, folder, course.leave, leave, pause_s), name="disk")
        away = f"{fault}; it is kept in memory"
        try:
            await _work(course, bounded(course.site), folder, leave, away)
        finally:
            watch.cancel()
            await asyncio.wait([watch])


async def _watch(home: Home, folder: Path, told: asyncio.Event, leave: asyncio.Event, pause_s: float) -> None:
    """End the work in memory when it is time; a disk that hangs does not keep a stop from being heard."""
    tasks = [asyncio.create_task(_retaken(home, folder, pause_s)), asyncio.create_task(told.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leave.set()
        for task in tasks:
            task.cancel()


async def _retaken(home: Home, folder: Path, pause_s: float) -> None:
    while True:
        await asyncio.sleep(pause_s)
        with suppress(OSError):  # files come and go there while they are counted
            if await asyncio.to_thread(home.retake, bytes_in(folder)):
                log.info("the state directory takes writes again", state_dir=str(home.state))
                return


def _places(state: Path) -> list[Path]:
    return list(places(state, os.environ))


async def _work(course: Course, site: Site, state: Path, leave: asyncio.Event, away: str | None = None) -> None:
    adapters = plugins.adapters(link.adapter for link in site.links.values())
    endpoints = plugins.endpoints(endpoint.type for endpoint in site.endpoints.values())
    socket, farewell = socket_path(state), lambda: course.farewell
    orders = Orders(leave, course.reload, farewell, course.kept, socket, course.renew, course.reread)
    await Gateway(site, adapters, endpoints, state, orders, away=away).run()
