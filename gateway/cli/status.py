"""`fieldgate status`: how the gateway, its far ends and its devices are, in one sentence first."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import Where, places
from gateway.cli.control.standing import Line, Standing, lines, sentence
from gateway.cli.control.table import Row
from gateway.cli.control.way import devices_of, running, translated
from gateway.cli.exits import Exit
from gateway.cli.options import StateDir
from gateway.cli.refused import Refused

HEAD = ("", "", "")


def status(
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when a device or link is away, 6 when a far end is, 5 when a value is bad; 1 when no gateway runs.

    1, since a script must see it and no other code fits: nothing was used wrongly, and no device was asked.
    """
    try:
        client = running(Where(None, state_dir))
        standing = _standing(client) if client is not None else None
    except Refused as refused:
        return refused.code
    if standing is None:
        _tell_that_none_runs(list(map(str, places(state_dir, os.environ))), as_json=as_json)
        return Exit.INTERNAL
    if as_json:
        show.document({"running": True, **standing._asdict()})
    else:
        _print(standing)
    return standing.exit_code()


def _standing(client: Client) -> Standing:
    with translated():
        return Standing(client.get(address("status")), devices_of(client))


def _tell_that_none_runs(sockets: list[str], *, as_json: bool) -> None:
    if as_json:
        show.document({"running": False, "looked_at": sockets})
    else:
        print("No gateway runs here.")
        show.problem(
            f"nobody listens on {' or '.join(sockets)}; as a service it is started by"
            " `systemctl start fieldgate`, else by `fieldgate run`"
        )


def _print(standing: Standing) -> None:
    told = list(lines(standing))
    print(sentence(standing))
    table.show(HEAD, [Row((each.kind, each.name, each.told), each.tone) for each in told])
    for each in told:
        if each.advice:
            print(_advice(each))


def _advice(line: Line) -> str:
    return f"{line.name}: {line.advice}"
