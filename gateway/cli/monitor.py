"""`fieldgate monitor`: values as they come, or the frames that carry them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.control.client import address
from gateway.cli.control.finding import Where
from gateway.cli.control.live import Board, watched
from gateway.cli.control.values import printable
from gateway.cli.control.way import device_of, devices_of, way
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.refused import Refused

ENDED = "the gateway has ended, and with it what could be watched"


def monitor(
    device: Annotated[str | None, typer.Argument(help="A device's id; every device if not given.")] = None,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Frames as they go over the device's link.")] = False,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines also on a terminal.")] = False,
) -> int:
    """Until Ctrl-C (exit code 130), or until the gateway ends (exit code 1)."""
    is_pretty = sys.stdout.isatty() and not as_json
    try:
        with way(Where(config, state_dir), device) as client:
            found = {device: device_of(client, device)} if device is not None else devices_of(client)
            if raw:
                link = found[device]["link"] if device is not None else None
                _pour(client.lines(address("frames"), link=link), _frame if is_pretty else bytes.decode)
            elif is_pretty:
                watched(Board(found), client.lines(address("samples"), device=device))
            else:
                _pour(client.lines(address("samples"), device=device), bytes.decode)
    except BrokenPipeError:
        _let_go_of_stdout()
        return Exit.OK
    except Refused as refused:
        return refused.code
    show.problem(ENDED)
    return Exit.INTERNAL


def _pour(lines: Iterable[bytes], written: Callable[[bytes], str]) -> None:
    """To stdout, each at once."""
    for line in lines:
        sys.stdout.write(written(line))
        sys.stdout.flush()


def _frame(line: bytes) -> str:
    """`09:01:02.345 plc tx 00 01 00 00`, for people."""
    frame = json.loads(line)
    if "data" not in frame:
        return f"{show.count(frame.get('missed', 0), 'frame')} left out\n"
    time, data = frame["time"].partition("T")[2].removesuffix("Z"), bytes.fromhex(frame["data"])
    return f"{time} {printable(frame['link'])} {frame['direction']} {data.hex(' ')}\n"


def _let_go_of_stdout() -> None:
    """Nobody reads any more: what is still buffered must not fail at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
