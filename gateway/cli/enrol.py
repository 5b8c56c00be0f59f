"""`fieldgate enrol`: this gateway's identity, from a far end that hands them out, kept for the gateway to use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.adapter import PermanentError
from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.table import Row
from gateway.cli.ends import FarEnd, far_ends
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT_CONFIG, ConfigFile, StateDir
from gateway.cli.refused import Refused, must_be_known
from gateway.cli.state import InUse, owned, see_that_it_is_ours, state_of
from gateway.endpoints.contract import EndpointError
from gateway.memory import ENDPOINTS_FILE, MemoryFile, Unreadable, facts_in

NOBODY = "no endpoint here is told who it is: such as azure-iot-hub with `dps`"


def enrol(
    endpoint: Annotated[str | None, typer.Argument(help="Which one; the only one that can, if not given.")] = None,
    config: ConfigFile = None,
    state_dir: StateDir = None,
    anew: Annotated[bool, typer.Option("--anew", help="Ask again, though an identity is kept already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 6 when the far end refuses or can't be reached, 2 while a gateway runs; 0 when it is known already."""
    state = state_of(state_dir)
    try:
        ends = far_ends(config or DEFAULT_CONFIG, state)
        name = _chosen(endpoint, ends)
        end = ends[name]
        is_new = anew or not end.serves.enrolled(end.config, end.memory)
        if is_new:
            end = _enrolled(end, state)
        told = end.described()
    except Refused as refused:
        return refused.code
    if as_json:
        show.document({"endpoint": name, "type": end.kind, "new": is_new, "known_as": told})
        return Exit.OK
    print(f"{name}: {'enrolled' if is_new else 'enrolled already (--anew asks again)'}")
    table.show(("", ""), [Row(field) for field in told.items()])
    return Exit.OK


def _chosen(endpoint: str | None, ends: Mapping[str, FarEnd]) -> str:
    """The endpoint that is meant; raises Refused."""
    able = [name for name, end in ends.items() if end.serves.enrolled(end.config, end.memory) is not None]
    if endpoint is not None:
        must_be_known("no endpoint", endpoint, ends)
        if endpoint not in able:
            raise Refused(Exit.USAGE, f"{endpoint} is not told who it is: its configuration says that already")
        return endpoint
    if not able:
        raise Refused(Exit.USAGE, NOBODY)
    if len(able) > 1:
        raise Refused(Exit.USAGE, f"which endpoint? there are {', '.join(able)}")
    return able[0]


def _enrolled(end: FarEnd, state: Path) -> FarEnd:
    """With what the far end has told, on disk; raises Refused."""
    try:
        see_that_it_is_ours(state)
        with owned(state):
            return _kept(end, state / ENDPOINTS_FILE)
    except InUse as error:
        raise Refused(Exit.USAGE, f"{error}; a gateway that runs enrols by itself when it has to") from error
    except PermissionError as error:
        raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it, or give --state-dir") from error
    except OSError as error:
        raise Refused(Exit.INTERNAL, f"the state directory can't be used: {error}") from error
    except (EndpointError, PermanentError) as error:
        raise Refused(Exit.CLOUD, f"{end.identity.endpoint}: {error}") from error


def _kept(end: FarEnd, path: Path) -> FarEnd:
    name = end.identity.endpoint
    file = MemoryFile(path)
    memory = file.of([name])[name]
    asyncio.run(end.serves.enrol(end.config, memory))
    file.save()
    try:
        kept = facts_in(path).get(name, {})
    except Unreadable:
        kept = {}
    if kept != memory:
        raise Refused(Exit.INTERNAL, f"{name} is enrolled, but that can't be kept in {path}")
    return end._replace(memory=kept)
