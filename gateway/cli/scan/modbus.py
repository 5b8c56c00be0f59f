"""`fieldgate scan modbus`: which unit ids answer on a link, and at which settings of a serial port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.finding import Where
from gateway.cli.control.results import exit_of, sentence
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable, shown
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.refused import Refused
from gateway.cli.scan.asking import Scanned, scanned

HEAD = ("unit", "setting", "answer", "device")

ANSWERS = {"registers": "gives register 0", "polled": "answers its polls", "garbled": "answers what was not asked"}
"""Others are exceptions: somebody is there, and refuses register 0."""


def modbus(
    link: Annotated[str, typer.Argument(help="A link's id.")],
    *,
    units: Annotated[
        str | None, typer.Option("--units", help="Which ids, as in 1-32,40; else 1-247, and 255 through a network.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="What each may take to answer, as in 300ms; else 500ms.")
    ] = None,
    serial: Annotated[
        bool, typer.Option("--serial", help="Try the usual baud rates and parities; only while no device answers.")
    ] = False,
    baudrate: Annotated[str | None, typer.Option("--baudrate", help="Try these, as in 9600,19200.")] = None,
    parity: Annotated[str | None, typer.Option("--parity", help="Try these, as in none,even.")] = None,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when nobody answers or the link is down, 130 when you end it; only ever reads."""
    given = {"units": units, "timeout": timeout, "serial": serial or None, "baudrate": baudrate, "parity": parity}
    options = {name: value for name, value in given.items() if value is not None}
    try:
        told = scanned(Where(config, state_dir), "modbus", link, options)
    except Refused as refused:
        return refused.code
    if as_json:
        show.document({"link": link, "complete": _is_done(told), **_content(told)})
    else:
        _tell(link, told)
    return _exit(told)


def _is_done(told: Scanned) -> bool:
    return told.result is not None and told.result["status"] == "done"


def _content(told: Scanned) -> dict[str, Any]:
    """The end as it was told, else what came before it."""
    return {**(told.result or {}), "found": told.found, "notes": told.notes}


def _exit(told: Scanned) -> int:
    if told.result is None:
        return Exit.INTERRUPTED
    if _is_done(told) and not told.found:
        return Exit.UNREACHABLE
    return exit_of(told.result)


def _tell(link: str, told: Scanned) -> None:
    if told.found:
        table.show(HEAD, [_row(each) for each in told.found])
    for note in [*told.notes, *(each["note"] for each in told.found if "note" in each)]:
        show.problem(printable(note))
    if told.result is None:
        show.problem("ended before everything was tried")
    elif not _is_done(told):
        show.problem(f"{link}: {sentence(told.result)}")
    if strangers := [each for each in told.found if _is_new(each)]:
        print("\n".join(stanza(link, strangers)))


def _is_new(found: Mapping[str, Any]) -> bool:
    """A device that is not configured: one that answers for those who are not there is none."""
    return "device" not in found and ("note" not in found or found["answer"] == "registers")


def _row(found: Mapping[str, Any]) -> Row:
    answer = ANSWERS.get(found["answer"], f"refuses register 0 ({found['answer']})")
    setting = f"{found['baudrate']} {found['parity']}" if "baudrate" in found else ""
    tone = Tone.DOUBTFUL if found["answer"] == "garbled" or "note" in found else Tone.GOOD
    device = shown(found.get("device", ""))
    return Row((shown(found["unit_id"]), printable(setting), printable(answer), device), tone)


def stanza(link: str, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What to paste into the configuration: the devices, and the settings of the link where these were tried."""
    settings = dict.fromkeys((each["baudrate"], each["parity"]) for each in found if "baudrate" in each)
    if len(settings) > 1:
        yield "\n# they answer at different settings: on one line all must have the same"
    for baudrate, parity in settings:
        yield f"\n# into links: {link}:\n#   baudrate: {baudrate}\n#   parity: {parity}"
    yield "\n# into devices:, with points as `fieldgate read DEVICE --raw holding:0/2` finds them"
    for name, unit in dict.fromkeys((f"{link}-{each['unit_id']}", each["unit_id"]) for each in found):
        yield f"{name}: {{link: {link}, unit_id: {unit}, points: {{word0: {{address: 0, type: uint16}}}}}}"
