"""`fieldgate explain`: a diagnostic's code in plain words, without a network."""

from __future__ import annotations

import sys
import textwrap
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.config.codes import CODES

WIDTH = 90
"""Columns: comfortable to read."""


def explain(
    code: Annotated[str | None, typer.Argument(help="Such as E104; without it, all codes are listed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 2 for a code that does not exist."""
    wanted = code.strip("[]").upper() if code else None
    if wanted is not None and wanted not in CODES:
        print(f"fieldgate: no code '{code}' - `fieldgate explain` lists them all", file=sys.stderr)
        return Exit.USAGE
    chosen = {wanted: CODES[wanted]} if wanted else CODES
    if as_json:
        show.document({"codes": {name: each._asdict() for name, each in chosen.items()}})
    elif wanted:
        print(f"{wanted}: {CODES[wanted].title}\n\n{textwrap.fill(CODES[wanted].explanation, WIDTH)}")
    else:
        print("\n".join(f"{name}  {each.title}" for name, each in CODES.items()))
    return Exit.OK
