"""`fieldgate outbox purge`: deletes what waits, and asks first."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.options import ConfigFile, StateDir
from gateway.cli.outbox.site import chosen, found, known
from gateway.cli.refused import Refused
from gateway.cli.state import InUse, owned, state_of
from gateway.outbox.visit.purge import purge as purge_envelopes
from gateway.outbox.visit.purge import purge_dead, refuse_unmended
from gateway.outbox.visit.survey import Files, Survey, parts, survey
from gateway.outbox.visit.visit import Unreadable, size_of


class Plan(NamedTuple):
    """What shall go of one outbox: rows of its file, and whole files; `words` tell a person."""

    file: Path
    readings: int = 0
    others: int = 0
    dead: int = 0
    files: tuple[Path, ...] = ()
    words: tuple[str, ...] = ()


def purge(
    endpoint: Annotated[str, typer.Argument(help="An endpoint's id.")],
    *,
    dead: Annotated[bool, typer.Option("--dead", help="What the far end has refused for good, only.")] = False,
    everything: Annotated[
        bool,
        typer.Option("--everything", help="States, gaps, results, dead letters and files set aside, too."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    config: ConfigFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 8 while a daemon runs, or when the answer is no."""
    try:
        _refuse_both(dead=dead, everything=everything)
        site = known(config)
        present = found(state_dir)
        name = chosen(endpoint, present)
        removed = site is not None and site.has_left(name)
        with _alone(state_of(state_dir)):
            plan = _plan(present[name], dead=dead, everything=everything, removed=removed)
            _ask(plan, name, yes=yes)
            _carry_out(plan)
    except Refused as refused:
        return refused.code
    if as_json:
        files = [str(file) for file in plan.files]
        show.document({"endpoint": name, "envelopes": plan.readings + plan.others, "dead": plan.dead, "files": files})
    else:
        print(f"{name}: purged {', '.join(plan.words)}" if plan.words else f"{name}: there is nothing to purge")
    return Exit.OK


def _refuse_both(*, dead: bool, everything: bool) -> None:
    if dead and everything:
        raise Refused(Exit.USAGE, "--dead or --everything, not both")


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """No daemon may start meanwhile; raises Refused."""
    try:
        with owned(state):
            yield
    except InUse as error:
        stop = "stop the service first (systemctl stop fieldgate), and start it again afterwards"
        raise Refused(Exit.REFUSED, f"a fieldgate runs on {state}: {stop}") from error
    except PermissionError as error:
        raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it") from error
    except OSError as error:
        raise Refused(Exit.USAGE, str(error)) from error


def _plan(files: Files, *, dead: bool, everything: bool, removed: bool) -> Plan:
    """What would go; raises Refused."""
    aside = tuple(part for each in files.set_aside for part in parts(each.path)) if everything else ()
    if everything and removed:
        return _named(Plan(files.current, files=(*parts(files.current), *aside)))
    counted = _counted(files.current)
    if counted is None:
        return _named(Plan(files.current, files=aside))
    if dead:
        return _named(Plan(files.current, dead=counted.dead))
    if not everything:
        return _named(Plan(files.current, readings=counted.readings))
    others = counted.rows - counted.readings
    return _named(Plan(files.current, counted.readings, others, counted.dead, aside))


def _counted(path: Path) -> Survey | None:
    """None if there is no such file."""
    try:
        refuse_unmended(path)
        return survey(path) if path.exists() else None
    except Unreadable as error:
        raise _left_to_the_daemon(path, error) from error


def _left_to_the_daemon(path: Path, error: Unreadable) -> Refused:
    return Refused(Exit.DEVICE, f"{path}: {error}; start the daemon first: it rescues what is damaged")


def _named(plan: Plan) -> Plan:
    counts = (
        (plan.readings, "reading"),
        (plan.others, "state, gap or result"),
        (plan.dead, "dead letter"),
    )
    words = [f"{number:,} {name}{'s' if number != 1 else ''}" for number, name in counts if number]
    words += [f"{file.name} ({show.size(size_of(file))})" for file in plan.files]
    return plan._replace(words=tuple(words))


def _ask(plan: Plan, name: str, *, yes: bool) -> None:
    """Go on only with a person's word; raises Refused."""
    if yes or not plan.words:
        return
    print(f"{name}: this would go for good: {', '.join(plan.words)}", file=sys.stderr)
    if not sys.stdin.isatty():
        raise Refused(Exit.USAGE, "there is no terminal to ask at: say --yes")
    if not typer.confirm("Purge?", err=True):
        raise Refused(Exit.REFUSED, "nothing was purged")


def _carry_out(plan: Plan) -> None:
    """Raises Refused."""
    try:
        if plan.readings or plan.others:
            asyncio.run(purge_envelopes(plan.file, everything=plan.others > 0))
        if plan.dead:
            asyncio.run(purge_dead(plan.file))
        for file in plan.files:
            file.unlink(missing_ok=True)
    except PermissionError as error:
        raise Refused(Exit.PERMISSION, f"{error}; run as the user that owns it") from error
    except Unreadable as error:
        raise _left_to_the_daemon(plan.file, error) from error
    except (sqlite3.Error, OSError, ValueError) as error:
        raise Refused(Exit.INTERNAL, f"{plan.file}: {error}") from error
