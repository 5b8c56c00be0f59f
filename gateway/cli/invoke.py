"""`fieldgate invoke`: a command of a device, by its name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.arguments import agreed_on, given, taken
from gateway.cli.control.asking import agreed, carried_out
from gateway.cli.control.client import address
from gateway.cli.control.finding import Where
from gateway.cli.control.results import exit_of, sentence
from gateway.cli.control.table import Row
from gateway.cli.control.values import BadValue, printable, shown
from gateway.cli.control.way import device_of, explained, way
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.refused import Refused, must_be_known

HEAD = ("command", "confirmed", "description", "takes")


def invoke(
    device: Annotated[str, typer.Argument(help="A device's id.")],
    command: Annotated[str | None, typer.Argument(help="Without it, the device's commands are listed.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(metavar="ARG=VALUE...", help="What it takes.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask, and confirm what must be confirmed.")] = False,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when the device can't be reached, 5 when it refuses or nobody knows, 8 when the policy or you do."""
    try:
        with way(Where(config, state_dir), device) as client:
            about = device_of(client, device)
            known = about["commands"]
            if command is None:
                return _list(device, known, as_json=as_json)
            must_be_known(f"{device} has no command", command, known)
            args = given(command, arguments or [], known[command].get("args", {}))
            agreed(_question(device, command, args, known[command]), yes=yes)
            body = {"command": command, "args": args}
            path, what = address("devices", device, "invoke"), f"{device}: {command}"
            result = explained(client, carried_out(client, path, body, what, yes=yes), about["link"])
    except BadValue as error:
        show.problem(str(error))
        return Exit.USAGE
    except Refused as refused:
        return refused.code
    if as_json:
        show.document({"device": device, **result})
    else:
        _tell(device, command, result)
    return exit_of(result)


def _list(device: str, known: Mapping[str, Any], *, as_json: bool) -> int:
    if as_json:
        show.document({"device": device, "commands": known})
    elif not known:
        print(f"{device} has no commands")
    else:
        rows = [
            Row(
                (
                    name,
                    "yes" if each.get("confirm") else "",
                    printable(each.get("description", "")),
                    taken(each.get("args", {})),
                )
            )
            for name, each in known.items()
        ]
        table.show(HEAD, rows)
    return Exit.OK


def _question(device: str, command: str, args: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    told = f" ({printable(known['description'])})" if known.get("description") else ""
    with_what = agreed_on(args, known.get("args", {}))
    return f"Let {device} do {command}{f' {with_what}' if with_what else ''}{told}?"


def _tell(device: str, command: str, result: Mapping[str, Any]) -> None:
    for name, value in result.get("values", {}).items():
        print(f"{name}\t{shown(value)}")
    if result["status"] == "done":
        print(f"{device}: done: {command}", file=sys.stderr)
    else:
        show.problem(f"{device}: {sentence(result)}")
