"""The way to a device: through the gateway that runs, else through one of our own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from gateway.cli.control.client import Client, Denied, Unanswered, address
from gateway.cli.control.finding import Where, listening, places
from gateway.cli.control.results import Result
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused, hint
from gateway.cli.state import InUse, state_of

TURN_S = 5.0
"""How long another verb that holds the link is waited for: it has read or written by then."""

TURN_LOOK_S = 0.1

SILENT_LINK = "has no devices, so nobody speaks or listens there: `fieldgate scan` looks for some"
"""Of a link's name."""

DENIED_EXITS = {400: Exit.USAGE, 404: Exit.USAGE, 413: Exit.USAGE}
"""By HTTP status: what was asked makes no sense."""


@contextmanager
def way(where: Where, device: str | None) -> Iterator[Client]:
    """Whom to ask about a device; raises Refused, whatever goes wrong on the way."""
    with translated(), ExitStack() as stack:
        yield _client(where, device, stack)


@contextmanager
def way_to_link(where: Where, name: str | None) -> Iterator[Client]:
    """The same, where `name` may be a link's, too."""
    from gateway.cli.control.alone import alone_on_link

    with translated(), ExitStack() as stack:
        yield _whoever(where, lambda: alone_on_link(where, name), stack)


@contextmanager
def way_to_scan(where: Where) -> Iterator[Client]:
    """Whom to ask to look at a link; raises Refused, whatever goes wrong on the way."""
    from gateway.cli.control.alone import alone_to_scan

    with translated(), ExitStack() as stack:
        yield _whoever(where, lambda: alone_to_scan(where), stack)


@contextmanager
def translated() -> Iterator[None]:
    """What the gateway denies and how it fails, as the end of a verb."""
    try:
        yield
    except Denied as error:
        raise Refused(DENIED_EXITS.get(error.status, Exit.INTERNAL), str(error)) from error
    except Unanswered as error:
        raise Refused(Exit.INTERNAL, str(error)) from error


def running(where: Where) -> Client | None:
    """The gateway that runs, if one does; raises Refused where this user may not ask it."""
    return listening(places(where.state_dir, os.environ))


def devices_of(client: Client) -> dict[str, dict[str, Any]]:
    """Every device, by its id."""
    found: dict[str, dict[str, Any]] = client.get(address("devices"))["devices"]
    return found


def device_of(client: Client, device: str) -> dict[str, Any]:
    """What is known of a device; raises Refused where there is none."""
    try:
        found: dict[str, Any] = client.get(address("devices", device))
    except Denied as error:
        if error.status != 404:
            raise
        raise Refused(Exit.USAGE, f"no device '{device}' - {hint(device, devices_of(client))}") from error
    return found


def links_of(client: Client) -> dict[str, dict[str, Any]]:
    """Every link, by its id."""
    found: dict[str, dict[str, Any]] = client.get(address("links"))["links"]
    return found


def link_of(client: Client, name: str) -> str:
    """The link of this name, else that of the device of this name; raises Refused where nothing goes over it."""
    links, devices = links_of(client), devices_of(client)
    if name not in links:
        if name not in devices:
            raise Refused(Exit.USAGE, f"no link or device '{name}' - {hint(name, [*links, *devices])}")
        return str(devices[name]["link"])
    if all(each["link"] != name for each in devices.values()):
        raise Refused(Exit.USAGE, f"{name} {SILENT_LINK}")
    return name


def explained(client: Client, result: Result, link: str) -> Result:
    """The same, with why the link is down if that is what it says."""
    if result.get("reason") != "no-link":
        return result
    try:
        fault = client.get(address("status")).get("trouble", {}).get("links", {}).get(link)
    except (Denied, Unanswered):  # what came of it must be told, whatever comes after it
        return result
    return {**result, "detail": f"{result.get('detail', 'no link')}: {link}: {fault}"} if fault else result


def _client(where: Where, device: str | None, stack: ExitStack) -> Client:
    from gateway.cli.control.alone import alone

    return _whoever(where, lambda: alone(where, device), stack)


def _whoever(where: Where, of_our_own: Callable[[], AbstractContextManager[Client]], stack: ExitStack) -> Client:
    """Whoever has the link now."""
    end_s = time.monotonic() + TURN_S
    while (client := running(where)) is None:
        try:
            return stack.enter_context(of_our_own())
        except InUse as error:
            if time.monotonic() > end_s:
                held = f"another fieldgate works on {state_of(where.state_dir)}, and can't be asked"
                raise Refused(Exit.UNREACHABLE, f"{held}: end it, or see its log") from error
        time.sleep(TURN_LOOK_S)
    return client
