"""A gateway of our own, for one device and one verb, where none runs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from gateway import log as logging_setup
from gateway import plugins
from gateway.cli import show
from gateway.cli.control.client import Client
from gateway.cli.control.finding import SOCKET, Where
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT_CONFIG
from gateway.cli.refused import Refused, must_be_known
from gateway.cli.state import owned, state_of
from gateway.config import ConfigError, Site, load
from gateway.control.place import ControlError
from gateway.control.server import serving
from gateway.direct import direct
from gateway.outbox.disk.store import StoreError

SIGNALLED = 128
"""As shells say that a signal has ended a process."""


class Work(NamedTuple):
    """A gateway at work in a thread: `stop` ends it, from that thread."""

    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event


ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Told to end, or the terminal is gone: then the link is closed as it should be, too."""


@contextmanager
def alone(where: Where, device: str | None) -> Iterator[Client]:
    """With the same policy, journal and audit; raises InUse while the state directory is another's, and Refused."""
    site = _site(where)
    state = state_of(where.state_dir)
    try:
        with _ended_politely(), owned(state), TemporaryDirectory(prefix="fieldgate-") as folder:
            logging_setup.configure("critical", "auto", site.secrets)
            with _at_work(site, _device(site, device), state, Path(folder) / SOCKET) as client:
                yield client
    except PermissionError as error:
        raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it, or give --state-dir") from error
    except (ControlError, StoreError, OSError) as error:
        raise Refused(Exit.INTERNAL, f"no gateway runs here, and none can: {error}") from error


@contextmanager
def _ended_politely() -> Iterator[None]:
    before = {number: signal.signal(number, _leave) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: object) -> None:
    sys.exit(SIGNALLED + number)


def _site(where: Where) -> Site:
    """Raises Refused."""
    path = where.config or DEFAULT_CONFIG
    if where.config is None and not path.exists():
        sentence = f"no gateway runs here, and there is no {path} that says how to reach the device: give -c FILE"
        raise Refused(Exit.CONFIG, sentence)
    try:
        return load(path, plugins.catalog(), os.environ)
    except ConfigError as error:
        show.problem("no gateway runs here, so this configuration says how to reach the device; it has errors:")
        show.diagnostics(error.diagnostics)
        raise Refused(Exit.CONFIG) from error


def _device(site: Site, device: str | None) -> str:
    """A device of the link that is meant; raises Refused."""
    links = [link for link in site.links.values() if link.devices]
    if device is None:
        if len(links) != 1:
            raise Refused(Exit.USAGE, "no gateway runs here, and there are several links: name a device")
        return next(iter(links[0].devices))
    must_be_known("no device", device, [name for link in links for name in link.devices])
    return device


@contextmanager
def _at_work(site: Site, device: str, state: Path, socket: Path) -> Iterator[Client]:
    """In a thread, until nobody asks any more."""
    begun: Future[Work] = Future()
    with ThreadPoolExecutor(1, "gateway") as pool:
        ended = pool.submit(asyncio.run, _serve(site, device, state, socket, begun))
        either: set[Future[Any]] = {begun, ended}
        wait(either, return_when=FIRST_COMPLETED)
        if not begun.done():
            ended.result()
        work = begun.result()
        try:
            yield Client(socket)
        finally:
            work.loop.call_soon_threadsafe(work.stop.set)
            ended.result()


async def _serve(site: Site, device: str, state: Path, socket: Path, begun: Future[Work]) -> None:
    stop = asyncio.Event()
    async with direct(site, device, state) as house, serving(house, socket):
        begun.set_result(Work(asyncio.get_running_loop(), stop))
        await stop.wait()
