"""`fieldgate audit export`: every command there is a record of."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from gateway.cli import show
from gateway.cli.audit.records import Record, records
from gateway.cli.control.finding import Where
from gateway.cli.exits import Exit
from gateway.cli.options import StateDir
from gateway.cli.output import opened
from gateway.cli.refused import Refused

HEAD = (
    *("number", "time", "origin", "endpoint", "user", "command", "device", "kind", "asked", "old", "wire"),
    *("status", "reason", "rule", "detail", "values", "bad", "latency_ms", "repeated", "clock"),
)
"""Columns; what is no number or text is JSON."""


class Format(StrEnum):
    """How records are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    output: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Written wholly or not at all; else stdout.")
    ] = None,
    *,
    format_: Annotated[Format, typer.Option("--format", help="jsonl: a record per line; csv: a row.")] = Format.JSONL,
    state_dir: StateDir = None,
) -> int:
    """Oldest first."""
    try:
        found = records(Where(None, state_dir))
        with opened(output) as out:
            (_csv if format_ is Format.CSV else _json_lines)(found, out)
    except Refused as refused:
        return refused.code
    except BrokenPipeError:
        raise
    except OSError as error:
        show.problem(f"can't write: {error}")
        return Exit.PERMISSION if isinstance(error, PermissionError) else Exit.USAGE
    if output is not None:
        show.problem(f"{output}: {show.count(len(found), 'record')}")
    return Exit.OK


def _json_lines(found: Iterable[Record], out: BinaryIO) -> None:
    out.writelines(json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for each in found)


def _csv(found: Iterable[Record], out: BinaryIO) -> None:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEAD)
    rows.writerows([_cell(each.get(name)) for name in HEAD] for each in found)
    out.write(text.getvalue().encode())


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value
