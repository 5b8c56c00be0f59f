"""A gateway of our own, for one device and one verb, where none runs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from gateway import log as logging_setup
from gateway import plugins
from gateway.cli import show
from gateway.cli.control.client import Client
from gateway.cli.control.finding import SOCKET, Where
from gateway.cli.control.way import SILENT_LINK
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT_CONFIG
from gateway.cli.refused import Refused, must_be_known
from gateway.cli.state import owned, see_that_it_is_ours, state_of
from gateway.config import ConfigError, Site, load
from gateway.control.house import House
from gateway.control.place import ControlError
from gateway.control.server import serving
from gateway.direct import alone as only
from gateway.direct import direct, to_scan
from gateway.outbox.disk.store import StoreError

SIGNALLED = 128
"""As shells say that a signal has ended a process."""


class Running(NamedTuple):
    """A gateway at work in a thread, from its first moment; cancelling ends it well."""

    loop: asyncio.AbstractEventLoop
    task: asyncio.Task[Any]

    def end(self) -> None:
        """From another thread."""
        with suppress(RuntimeError):  # it has ended already
            self.loop.call_soon_threadsafe(self.task.cancel)


ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Told to end, or the terminal is gone: then the link is closed as it should be, too."""


@contextmanager
def alone(where: Where, device: str | None) -> Iterator[Client]:
    """With the same policy, journal and audit; raises InUse while the state directory is another's, and Refused."""
    site = _site(where)
    with _gateway(where, site, only(site, _device(site, device))) as client:
        yield client


@contextmanager
def alone_on_link(where: Where, name: str | None) -> Iterator[Client]:
    """The same, where `name` may be a link's, too."""
    site = _site(where)
    link = site.links.get(name or "")
    if link is not None and not link.devices:
        raise Refused(Exit.USAGE, f"{name} {SILENT_LINK}")
    device = next(iter(link.devices)) if link is not None else _device(site, name)
    with _gateway(where, site, only(site, device)) as client:
        yield client


@contextmanager
def alone_to_scan(where: Where) -> Iterator[Client]:
    """The same for all links, of which none is served; raises likewise."""
    site = _site(where)
    with _gateway(where, site, to_scan(site)) as client:
        yield client


@contextmanager
def _gateway(where: Where, site: Site, part: Site) -> Iterator[Client]:
    state = state_of(where.state_dir)
    with ExitStack() as stack:
        try:
            stack.enter_context(_ended_politely())
            see_that_it_is_ours(state)
            stack.enter_context(owned(state))
            folder = stack.enter_context(TemporaryDirectory(prefix="fieldgate-"))
            logging_setup.configure("critical", "auto", site.secrets)
            client = stack.enter_context(_at_work(direct(part, state), Path(folder) / SOCKET))
        except PermissionError as error:
            raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it, or give --state-dir") from error
        except (ControlError, StoreError, OSError) as error:
            raise Refused(Exit.INTERNAL, f"no gateway runs here, and none can: {error}") from error
        yield client


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
def _at_work(beginning: AbstractAsyncContextManager[House], socket: Path) -> Iterator[Client]:
    """In a thread, until nobody asks any more; raises what keeps it from its work."""
    running, ready = Future[Running](), Future[None]()
    with ThreadPoolExecutor(1, "gateway") as pool:
        ended = pool.submit(asyncio.run, _serve(beginning, socket, running, ready))
        gateway = running.result()
        try:
            wait([ready, ended], return_when=FIRST_COMPLETED)
            if not ready.done():
                ended.result()
            yield Client(socket)
        finally:
            gateway.end()


async def _serve(
    beginning: AbstractAsyncContextManager[House], socket: Path, running: Future[Running], ready: Future[None]
) -> None:
    """Until cancelled."""
    task = asyncio.current_task()
    assert task is not None
    running.set_result(Running(asyncio.get_running_loop(), task))
    async with beginning as house, serving(house, socket):
        ready.set_result(None)
        await asyncio.get_running_loop().create_future()
