"""`fieldgate monitor`: values as they come, or the frames that carry them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import Where
from gateway.cli.control.live import Board, watched
from gateway.cli.control.way import device_of, devices_of, link_of, way, way_to_link
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.refused import Refused

ENDED = (
    "the gateway has ended, or takes up another configuration, or points that a device has told of just now: then it"
    " can be watched again at once"
)


def monitor(
    device: Annotated[
        str | None, typer.Argument(help="A device's id, with --raw also a link's; all of them if not given.")
    ] = None,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="What goes over the link, in hex and text.")] = False,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --raw: also at the end of this file, which `simulate` can replay."),
    ] = None,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines also on a terminal.")] = False,
) -> int:
    """Until Ctrl-C (exit code 130), or until the gateway ends (exit code 1)."""
    is_pretty = sys.stdout.isatty() and not as_json
    if record is not None and not raw:
        show.problem("--record writes what --raw shows: give both")
        return Exit.USAGE
    try:
        if raw:
            with way_to_link(Where(config, state_dir), device) as client:
                _frames(client, device, record, is_pretty=is_pretty)
        else:
            with way(Where(config, state_dir), device) as client:
                _samples(client, device, is_pretty=is_pretty)
    except BrokenPipeError:
        _let_go_of_stdout()
        return Exit.OK
    except Refused as refused:
        return refused.code
    show.problem(ENDED)
    return Exit.INTERNAL


def _samples(client: Client, device: str | None, *, is_pretty: bool) -> None:
    found = {device: device_of(client, device)} if device is not None else devices_of(client)
    lines = client.lines(address("samples"), device=device)
    if is_pretty:
        watched(Board(found), lines)
    else:
        _pour(lines, bytes.decode)


def _frames(client: Client, name: str | None, record: Path | None, *, is_pretty: bool) -> None:
    """Of a link, or of a device's; raises Refused."""
    from gateway.cli.frames import drawn, recording  # the adapter contract takes 0.1 s to import

    written = drawn if is_pretty else bytes.decode
    link = None if name is None else link_of(client, name)
    lines = client.lines(address("frames"), link=link)
    if record is None:
        _pour(lines, written)
        return
    with recording(record, _about(client, link)) as recorded:

        def take(line: bytes) -> str:
            recorded.take(line)
            return written(line)

        _pour(lines, take)


def _about(client: Client, link: str | None) -> str:
    """What a capture is of, and since when; raises Refused where that would be several links."""
    links = sorted({each["link"] for each in devices_of(client).values()})
    if link is None and len(links) != 1:
        raise Refused(Exit.USAGE, f"--record takes what goes over one link: name it - there are {', '.join(links)}")
    return f"fieldgate monitor {link or links[0]} --raw, from {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} on"


def _pour(lines: Iterable[bytes], written: Callable[[bytes], str]) -> None:
    """To stdout, each at once."""
    for line in lines:
        sys.stdout.write(written(line))
        sys.stdout.flush()


def _let_go_of_stdout() -> None:
    """Nobody reads any more: what is still buffered must not fail at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
