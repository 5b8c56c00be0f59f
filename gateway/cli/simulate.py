"""`fieldgate simulate`: be the devices of a configuration, with faults that can be switched on."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from gateway import plugins
from gateway.adapter import Rejected, Simulation
from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT_CONFIG
from gateway.cli.refused import Refused, must_be_known
from gateway.cli.virtual import Device, Misread, let_fail, obey, told, typed
from gateway.config import ConfigError, Site, load
from gateway.config.site import LinkSetup

REPLAYED = "replay"
"""The name of the link that a capture is played on without a configuration."""
ANY_PORT = "/dev/serial"
"""No port that there is: a pseudo terminal takes its place."""

HOW = "Type `DEVICE dead` or another fault, `DEVICE well`, `DEVICE.POINT VALUE`, `DEVICE.POINT`. Ctrl-C ends it."
HOW_REPLAYED = "It begins anew for who opens the port. Ctrl-C ends it."
UNTIL_TOLD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Text = str | None
Fault = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DEVICE=FAULT",
        help="dead, slow:300ms, late:2s, noise, loss:5%, exception:2, radio-off, ...; repeatable.",
    ),
]


def simulate(
    adapter: Annotated[str, typer.Argument(help="Whose devices: modbus, serial or ble.")],
    links: Annotated[
        list[str] | None, typer.Argument(metavar="[LINK]...", help="All of them if none is given.")
    ] = None,
    *,
    config: Annotated[
        Path | None, typer.Option("-c", "--config", metavar="FILE", help="gateway.yaml if not given.")
    ] = None,
    host: Annotated[Text, typer.Option(help="Where to listen, if not on 127.0.0.1.")] = None,
    tcp: Annotated[int | None, typer.Option(metavar="PORT", help="Serve one link at this port; 0: any.")] = None,
    pty: Annotated[Text, typer.Option(metavar="PATH", help="Serve one link at a pseudo terminal of this name.")] = None,
    cert: Annotated[Text, typer.Option(metavar="FILE", help="The device's certificate, for transport: tls.")] = None,
    key: Annotated[Text, typer.Option(metavar="FILE", help="Its key.")] = None,
    every: Annotated[
        Text, typer.Option(help="How often a device speaks or advertises that does so by itself: 2s.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play what `monitor --record` wrote; needs no configuration."),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="With --replay: again and again.")] = False,
    fault: Fault = None,
    still: Annotated[bool, typer.Option("--still", help="Values begin at zero, and don't move.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines on stdout; the first says where.")] = False,
) -> int:
    """Until Ctrl-C (exit code 0)."""
    given = {"host": host, "tcp": tcp, "pty": pty, "cert": cert, "key": key, "every": every}
    options = {name: value for name, value in given.items() if value is not None}
    if loop and replay is None:
        show.problem("--loop plays a capture again: give --replay FILE, too")
        return Exit.USAGE
    try:
        if replay is not None:
            options |= {"replay": _readable(replay), "loop": loop}
        if replay is not None and config is None and not links and not DEFAULT_CONFIG.exists():
            chosen = {REPLAYED: _bare(adapter)}
        else:
            chosen = _chosen(_site(config or DEFAULT_CONFIG), adapter, links or (), alone=_of_one(options))
        asyncio.run(_serve(adapter, chosen, {**options, "elsewhere": True, "moving": not still}, fault or (), as_json))
    except Refused as refused:
        return refused.code
    return Exit.OK


def _of_one(options: Mapping[str, Any]) -> str:
    """The option among these that makes sense for a single link only."""
    return next((f"--{name}" for name in ("replay", "tcp", "pty") if name in options), "")


def _readable(path: Path) -> str:
    """The same as text; raises Refused."""
    try:
        with path.open("rb"):
            return str(path)
    except OSError as error:
        raise Refused(Exit.USAGE, f"{path} can't be played: {error.strerror}") from None


def _bare(adapter: str) -> LinkSetup:
    """A link for who has no configuration; raises Refused."""
    must_be_known("no adapter", adapter, plugins.installed(plugins.ADAPTERS))
    try:
        link = plugins.adapter(adapter).link_to(ANY_PORT)
    except Rejected as error:
        raise Refused(Exit.USAGE, f"{adapter}: {error}: give -c FILE") from None
    return LinkSetup(adapter, link, {})


def _site(path: Path) -> Site:
    try:
        site = load(path, plugins.catalog(), os.environ)
    except ConfigError as error:
        show.diagnostics(error.diagnostics)
        raise Refused(Exit.CONFIG) from None
    show.diagnostics(site.warnings)
    return site


def _chosen(site: Site, adapter: str, wanted: Sequence[str], alone: str) -> dict[str, LinkSetup]:
    """Links by name; `alone`: an option that only makes sense for one."""
    must_be_known("no adapter", adapter, plugins.installed(plugins.ADAPTERS))
    known = {name: link for name, link in site.links.items() if link.adapter == adapter and link.devices}
    for name in wanted:
        must_be_known(f"no {adapter} link with devices", name, known)
    chosen = {name: known[name] for name in wanted or known}
    if not chosen:
        raise Refused(Exit.USAGE, f"the configuration has no {adapter} link with devices")
    if alone and len(chosen) > 1:
        raise Refused(Exit.USAGE, f"{alone} serves one link: name it - there are {', '.join(chosen)}")
    return chosen


async def _serve(
    adapter: str, links: Mapping[str, LinkSetup], options: Mapping[str, Any], faults: Sequence[str], as_json: bool
) -> None:
    """Until told to stop; raises Refused."""
    stop = _signal()
    devices: dict[str, Device] = {}
    async with AsyncExitStack() as running:
        served = {}
        for name, link in links.items():
            served[name] = await _enter(running, adapter, name, link, options)
            devices |= {each: Device(served[name], config) for each, config in served[name].devices.items()}
        for each in faults:
            await _fail(devices, each)
        _tell(links, served, as_json=as_json)
        await _until(stop, asyncio.create_task(_obey_all(devices, as_json=as_json), name="orders"))


def _signal() -> asyncio.Event:
    """Set once somebody wants it to end."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in UNTIL_TOLD:
        loop.add_signal_handler(number, stop.set)
    return stop


async def _until(stop: asyncio.Event, orders: asyncio.Task[None]) -> None:
    """Obey until told to stop; raises what ends the orders before."""
    told_to = asyncio.create_task(stop.wait(), name="signal")
    done, rest = await asyncio.wait({orders, told_to}, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()


async def _enter(
    running: AsyncExitStack, adapter: str, name: str, link: LinkSetup, options: Mapping[str, Any]
) -> Simulation:
    try:
        simulated = plugins.adapter(adapter).simulate(link.config, link.devices, options)
        return await running.enter_async_context(simulated)
    except Rejected as error:
        raise Refused(Exit.USAGE, f"{name}: {error}") from None
    except OSError as error:
        code = Exit.PERMISSION if error.errno in (errno.EACCES, errno.EPERM) else Exit.USAGE
        raise Refused(code, f"{name} can't be served there: {error.strerror or error}") from None


async def _fail(devices: Mapping[str, Device], given: str) -> None:
    name, equals, fault = given.partition("=")
    if not equals:
        raise Refused(Exit.USAGE, f"'{given}' is no DEVICE=FAULT")
    try:
        await let_fail(devices, name, fault)
    except Misread as error:
        raise Refused(Exit.USAGE, str(error)) from None


async def _obey_all(devices: Mapping[str, Device], *, as_json: bool) -> None:
    lines = typed(sys.stdin.fileno())
    while True:
        try:
            answer = await obey(devices, await lines.get())
        except Misread as error:
            show.problem(str(error))
        else:
            print(json.dumps(answer, ensure_ascii=False) if as_json else told(answer), flush=True)


def _tell(links: Mapping[str, LinkSetup], served: Mapping[str, Simulation], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"schema": show.JSON_SCHEMA_VERSION, "links": _document(links, served)}), flush=True)
        return
    for name, simulation in served.items():
        what = show.count(len(links[name].devices), "device") if simulation.devices else "a capture"
        print(f"{name}: {what} at {simulation.place}")
        print(f"  {_how_to_reach(name, simulation.settings)}")
    print(HOW if any(each.devices for each in served.values()) else HOW_REPLAYED, flush=True)


def _document(links: Mapping[str, LinkSetup], served: Mapping[str, Simulation]) -> dict[str, Any]:
    return {
        name: {"devices": [*links[name].devices], "place": each.place, "settings": dict(each.settings)}
        for name, each in served.items()
    }


def _how_to_reach(name: str, settings: Mapping[str, Any]) -> str:
    """In words of the configuration."""
    wanted = {key: value for key, value in settings.items() if value is not None}
    gone = [key for key, value in settings.items() if value is None]
    if not settings:
        return "where the configuration has it"
    line = yaml.safe_dump(wanted, default_flow_style=True, width=sys.maxsize).strip()
    without = f", without {', '.join(gone)}" if gone else ""
    where = f"links.{name}" if name != REPLAYED else "its link"
    return f"for a gateway to reach it, set in {where}: {line}{without}"
