"""`fieldgate outbox export`: what waits, as JSON Lines or CSV."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.options import StateDir
from gateway.cli.outbox.site import chosen, found
from gateway.cli.outbox.writers import Csv, JsonLines, NotAnEnvelope, Writer
from gateway.cli.output import is_special, opened
from gateway.cli.refused import Refused
from gateway.cli.times import BadTime, time_ms
from gateway.outbox.entry import Entry
from gateway.outbox.visit.letters import bundles
from gateway.outbox.visit.visit import Unreadable, with_index

WRITTEN, LEFT_OUT, TORN = "written", "left out", "torn"


class Format(StrEnum):
    """How envelopes are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    endpoint: Annotated[
        str | None, typer.Argument(help="An endpoint's id, or the path of a file that was set aside.")
    ] = None,
    *,
    format_: Annotated[
        Format, typer.Option("--format", help="jsonl: the envelopes themselves; csv: readings, a row per value.")
    ] = Format.JSONL,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Written wholly or not at all; else stdout."),
    ] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="Only this device.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="2026-11-23T09:00 (UTC unless it says), or an age such as 2h.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Likewise; what entered then is not taken.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="What the far end has refused for good instead.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Of all endpoints, one after the other.")] = False,
    state_dir: StateDir = None,
) -> int:
    """Exit code 5 when rows were left out because they are damaged, or the file can't be read."""
    try:
        wanted = _wanted(device, since, until)
        paths = _paths(endpoint, state_dir, every=every)
        with opened(output) as out:
            writer = Csv(out) if format_ is Format.CSV else JsonLines(out)
            tally = _copy(paths, writer, wanted, rooms=_rooms(output), dead=dead)
    except Refused as refused:
        return refused.code
    except Unreadable as error:
        show.problem(f"{error}{'' if output is None else f'; {output} is not written'}")
        return Exit.DEVICE
    except BrokenPipeError:
        raise
    except PermissionError as error:
        show.problem(str(error))
        return Exit.PERMISSION
    except OSError as error:
        show.problem(f"can't write: {error}")
        return Exit.USAGE
    _tell(tally, output)
    return Exit.DEVICE if tally[TORN] else Exit.OK


def _wanted(device: str | None, since: str | None, until: str | None) -> Callable[[Entry], bool]:
    """Whether an envelope is asked for; raises Refused."""
    now_s = time.time()
    try:
        since_ms = None if since is None else time_ms(since, now_s)
        until_ms = None if until is None else time_ms(until, now_s)
    except BadTime as error:
        raise Refused(Exit.USAGE, str(error)) from error
    return lambda entry: (
        (device is None or entry.device == device)
        and (since_ms is None or entry.time_ms >= since_ms)
        and (until_ms is None or entry.time_ms < until_ms)
    )


def _paths(endpoint: str | None, state_dir: Path | None, *, every: bool) -> list[Path]:
    """The files to read; raises Refused. No id of an endpoint has a dot or a slash in it."""
    if endpoint is not None and every:
        raise Refused(Exit.USAGE, "an endpoint or --all, not both")
    if endpoint is not None and {".", "/"} & set(endpoint):
        return [Path(endpoint)]
    present = {name: files.current for name, files in found(state_dir).items() if files.current.exists()}
    return list(present.values()) if every else [present[chosen(endpoint, present)]]


def _rooms(output: Path | None) -> tuple[Path, ...]:
    """Where there is disk for a copy, by what was asked for."""
    return () if output is None or is_special(output.resolve()) else (output.resolve().parent,)


def _copy(
    paths: Iterable[Path], writer: Writer, wanted: Callable[[Entry], bool], *, rooms: Sequence[Path], dead: bool
) -> Counter[str]:
    """Write what is wanted; returns how many were written, left out and torn. Raises Unreadable, OSError."""
    tally = Counter[str]()
    for path in paths:
        try:
            with with_index(path, *rooms) as readable:
                for bundle in bundles(readable, dead=dead):
                    tally[TORN] += bundle.torn
                    tally.update(_write(writer, each.entry) for each in bundle.letters if wanted(each.entry))
        except Unreadable as error:
            raise Unreadable(f"{path}: {error}") from error
    return tally


def _write(writer: Writer, entry: Entry) -> str:
    try:
        return WRITTEN if writer.write(entry) else LEFT_OUT
    except NotAnEnvelope:
        return TORN


def _tell(tally: Counter[str], output: Path | None) -> None:
    if output is not None:
        show.problem(f"{output}: {show.count(tally[WRITTEN], 'envelope')}")
    if tally[LEFT_OUT]:
        show.problem(f"CSV has readings only: {show.count(tally[LEFT_OUT], 'other envelope')} left out (jsonl has all)")
    if tally[TORN]:
        show.problem(f"{show.count(tally[TORN], 'damaged row')} left out: not as written, by their checksum")
