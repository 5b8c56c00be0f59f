"""`fieldgate identity`: what each far end knows this gateway as. Asks neither a gateway nor a far end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.table import Row
from gateway.cli.ends import far_ends
from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT_CONFIG, StateDir
from gateway.cli.refused import Refused
from gateway.cli.state import state_of

HEAD = ("endpoint", "", "")

UNENROLLED = "not told yet: by `fieldgate enrol {name}`, or when the gateway connects"


def identity(
    file: Annotated[Path, typer.Argument(help="The main configuration file.")] = DEFAULT_CONFIG,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 3 for a configuration with errors, else 0."""
    try:
        ends = far_ends(file, state_of(state_dir))
        told = {name: end.described() for name, end in ends.items()}
    except Refused as refused:
        return refused.code
    enrolled = {name: end.serves.enrolled(end.config, end.memory) for name, end in ends.items()}
    if as_json:
        content = {
            name: {"type": ends[name].kind, "enrolled": enrolled[name], "known_as": fields}
            for name, fields in told.items()
        }
        show.document({"endpoints": content})
        return Exit.OK
    rows = [Row((name, field, value)) for name, fields in told.items() for field, value in fields.items()]
    rows += [
        Row((name, "enrolled", UNENROLLED.format(name=name))) for name, is_so in enrolled.items() if is_so is False
    ]
    if rows:
        table.show(HEAD, sorted(rows, key=lambda row: list(told).index(row.cells[0])))
    else:
        show.problem("no endpoints: nobody knows this gateway")
    return Exit.OK
