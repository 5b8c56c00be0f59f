"""`fieldgate audit`: what was commanded, by whom, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.audit.records import Record, asked, before, records, who
from gateway.cli.control import table
from gateway.cli.control.finding import Where
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable
from gateway.cli.exits import Exit
from gateway.cli.options import StateDir, misplaced
from gateway.cli.refused import Refused
from gateway.cli.times import BadTime, time_ms

HEAD = ("time", "device", "who", "asked", "before", "ms", "result")

TONES = {"done": Tone.GOOD, "rejected": Tone.DOUBTFUL, "expired": Tone.DOUBTFUL}
"""By status; all others are bad."""

DEFAULT_LIMIT = 50
"""A few screens."""


def audit(
    context: typer.Context,
    *,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="Only this device.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="2026-11-23T09:00 (UTC unless it says), or an age such as 24h.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="The newest so many.")] = DEFAULT_LIMIT,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int | None:
    """The newest last; None for a verb below it."""
    if context.invoked_subcommand is not None:
        return misplaced(context)
    try:
        since_ms = None if since is None else time_ms(since, time.time())
        found = records(Where(None, state_dir), device, since_ms, limit)
    except BadTime as error:
        show.problem(str(error))
        return Exit.USAGE
    except Refused as refused:
        return refused.code
    if as_json:
        show.document({"records": found})
    elif found:
        table.show(HEAD, _rows(found))
    else:
        show.problem("nothing was commanded" + (" that fits this" if device or since else ""))
    return Exit.OK


def _rows(found: Sequence[Record]) -> Iterator[Row]:
    for each in found:
        latency_ms = each.get("latency_ms")
        start = (each["time"], each.get("device", ""), who(each), asked(each), before(each))
        took = "" if latency_ms is None else f"{latency_ms:.1f}"
        yield Row((*start, took, _ended(each)), TONES.get(each.get("status", ""), Tone.BAD))


def _ended(record: Record) -> str:
    """`rejected, policy (rule: ...)`."""
    words = record.get("status", "under way")
    if reason := record.get("reason"):
        words += f", {reason}"
    if rule := record.get("rule"):
        words += f" (rule: {rule})"
    if repeated := record.get("repeated"):
        words += f", {repeated} times"
    return printable(words)
