"""`fieldgate outbox`: what waits for each far end, from the files themselves."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.options import ConfigFile, StateDir, misplaced
from gateway.cli.outbox.lines import Rates, Standing, document, lines
from gateway.cli.outbox.site import Known, found, known
from gateway.cli.refused import Refused
from gateway.cli.state import state_of
from gateway.outbox.rescue.adoption import path_of
from gateway.outbox.visit.survey import Files, survey
from gateway.outbox.visit.visit import Unreadable

LOOK_S = 1.0
"""Between the two looks that rates come from."""

BOLD, PLAIN = "\x1b[1m", "\x1b[0m"

RATES_NOTE = "rates: rows over one second; what is acknowledged within half a commit_interval never gets there"


def outbox(
    context: typer.Context,
    config: ConfigFile = None,
    state_dir: StateDir = None,
    no_rates: Annotated[bool, typer.Option("--no-rates", help="Don't take a second to look twice.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int | None:
    """Exit code 5 when a file can't be read, 7 when that is a matter of permissions; None for a verb below it."""
    if context.invoked_subcommand is not None:
        return misplaced(context)
    try:
        site = known(config)
        present = found(state_dir)
    except Refused as refused:
        return refused.code
    names = sorted(present.keys() | (site.limits.keys() if site is not None else set()))
    state = state_of(state_dir)
    standings = [_standing(name, present.get(name) or Files(path_of(state, name), ()), site) for name in names]
    if not no_rates:
        standings = _with_rates(standings)
    if as_json:
        now_s = time.time()
        show.document({"state_dir": str(state), "outboxes": [document(each, now_s) for each in standings]})
    else:
        _print(standings)
    return _exit(standings)


def _standing(name: str, files: Files, site: Known | None) -> Standing:
    standing = Standing(name, files)
    if site is not None:
        standing = standing._replace(
            max_bytes=site.limits.get(name), heir=site.heirs.get(name), is_removed=site.has_left(name)
        )
    if not files.current.exists():
        return standing
    try:
        return standing._replace(survey=survey(files.current))
    except PermissionError as error:
        return standing._replace(fault=f"{error.strerror}; run as the user that owns it", is_forbidden=True)
    except (Unreadable, OSError) as error:
        return standing._replace(fault=str(error))


def _with_rates(standings: Iterable[Standing]) -> list[Standing]:
    began_s = time.monotonic()
    standings = list(standings)
    if any(each.survey is not None for each in standings):
        time.sleep(LOOK_S)
    return [_again(each, began_s) for each in standings]


def _again(standing: Standing, began_s: float) -> Standing:
    """The second look at a file, and what has changed since the first."""
    first = standing.survey
    if first is None:
        return standing
    try:
        second = survey(standing.files.current, since_id=max(first.last_id, 1))
    except (Unreadable, OSError):
        return standing
    over_s = time.monotonic() - began_s
    removed = max(0, first.rows + second.newer - second.rows)
    return standing._replace(survey=second, rates=Rates(second.newer / over_s, removed / over_s, over_s))


def _print(standings: Iterable[Standing]) -> None:
    color = show.wants_color(sys.stdout)
    now_s = time.time()
    has_rates = False
    for standing in standings:
        head, *rest = lines(standing, now_s)
        name, _, said = head.partition(":")
        print(f"{BOLD}{name}:{PLAIN}{said}" if color else head)
        print("".join(f"{line}\n" for line in rest), end="")
        has_rates |= standing.rates is not None
    if has_rates:
        print(f"\n{RATES_NOTE}")


def _exit(standings: Iterable[Standing]) -> Exit:
    faults = [each.is_forbidden for each in standings if each.fault is not None]
    if not faults:
        return Exit.OK
    return Exit.PERMISSION if all(faults) else Exit.DEVICE
