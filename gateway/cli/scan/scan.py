"""`fieldgate scan`: nothing of its own; the verbs below it know how each adapter looks for devices."""

from __future__ import annotations

import typer

from gateway.cli import show
from gateway.cli.exits import Exit


def scan(context: typer.Context) -> int | None:
    """Exit code 2: what is to be scanned must be said."""
    if context.invoked_subcommand is not None:
        return None
    show.problem("say what is to be scanned, as in `scan modbus LINK`, `scan serial PORT` or `scan ble`")
    return Exit.USAGE
