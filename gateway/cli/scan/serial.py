"""`fieldgate scan serial`: which ports there are, and what is said on one: its speed, its frames, what to write."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer
import yaml

from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.finding import Where
from gateway.cli.control.results import exit_of, sentence
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.refused import Refused
from gateway.cli.scan.asking import Scanned
from gateway.cli.scan.ports import listed_ports, name_for, searched

HEAD = ("setting", "heard", "damaged", "", "it may be")
BESIDE = "`fieldgate scan serial LINK --as-set` listens beside the gateway"
ROW_BYTES = 16
"""As `monitor --raw` shows them."""
NEXT_STEP = "give the points their names and units; `fieldgate monitor {link} --raw` shows what comes"


def serial(
    port: Annotated[
        str | None,
        typer.Argument(
            metavar="[PORT]", help="/dev/serial/by-id/..., tcp://host:port or a link's id; without it: list the ports."
        ),
    ] = None,
    *,
    baudrate: Annotated[
        str | None, typer.Option("--baudrate", help="Listen at these, as in 9600,19200; else at the usual ones.")
    ] = None,
    formats: Annotated[
        str | None, typer.Option("--format", help="Data bits, parity and stop bits, as in 8N1,7E1,8E1.")
    ] = None,
    listen: Annotated[
        str | None, typer.Option("--listen", help="How long at each setting at most, as in 10s; else 3s.")
    ] = None,
    as_set: Annotated[
        bool, typer.Option("--as-set", help="Only as the link is set, beside what the gateway does there.")
    ] = False,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when there is nothing, or nothing that makes sense; 130 when you end it. Nothing is sent."""
    where = Where(config, state_dir)
    given = {"baudrate": baudrate, "format": formats, "listen": listen, "as_set": as_set or None}
    options = {name: value for name, value in given.items() if value is not None}
    try:
        if port is None:
            return listed_ports(where, options, as_json=as_json)
        told = searched(where, port, options)
    except Refused as refused:
        return refused.code
    if as_json:
        show.document({"port": port, "complete": _is_done(told), **(told.result or {}), **_content(told)})
    else:
        _tell(port, told)
    return _exit(told)


def _content(told: Scanned) -> dict[str, Any]:
    return {"found": told.found, "notes": told.notes}


def _is_done(told: Scanned) -> bool:
    return told.result is not None and told.result["status"] == "done"


def _exit(told: Scanned) -> int:
    if told.result is None:
        return Exit.INTERRUPTED
    if _is_done(told) and not any(each["plausible"] for each in told.found):
        return Exit.UNREACHABLE
    return exit_of(told.result)


def _tell(port: str, told: Scanned) -> None:
    heard = [each for each in told.found if each["bytes"]]
    if heard:
        table.show(HEAD, [_row(each) for each in heard])
    for note in told.notes:
        show.problem(printable(note))
    if told.result is None:
        show.problem("ended before everything was tried")
    elif not _is_done(told):
        show.problem(f"{port}: {sentence(told.result)}")
        if told.result.get("reason") == "in-use":
            show.problem(BESIDE)
    best = next((each for each in heard if each["plausible"]), None)
    if best is not None:
        print("\n".join([*_frames(best), *stanza(port, best)]))


def _row(found: Mapping[str, Any]) -> Row:
    faults = "" if found["faults"] is None else str(found["faults"])
    likely = "plausible" if found["plausible"] else ""
    cells = (found["setting"], show.count(found["bytes"], "byte"), faults, likely, printable(found["what"]))
    return Row(cells, Tone.GOOD if likely else Tone.DOUBTFUL)


def _frames(found: Mapping[str, Any]) -> Iterator[str]:
    """The first ones, as bytes and as text."""
    if found["frames"]:
        yield f"\n{show.count(found['count'], 'frame')}, the first of them:"
    for frame in found["frames"]:
        data = bytes.fromhex(frame["hex"])
        for at in range(0, len(data), ROW_BYTES):
            row = data[at : at + ROW_BYTES].hex(" ").upper()
            yield f"  {row:{3 * ROW_BYTES - 1}}  |{printable(frame['text'][at : at + ROW_BYTES])}|"


def stanza(port: str, found: Mapping[str, Any]) -> Iterator[str]:
    """What to paste into the configuration."""
    if found["adapter"] != "serial":
        yield f"\n# this is {found['what']}: `fieldgate scan {found['adapter']} LINK` finds its devices; into links:"
        yield from _yaml({"line": {"adapter": found["adapter"], "transport": "rtu", "port": port, **found["link"]}})
        return
    link, where = name_for(port)
    if where is None:
        yield f"\n# into links: {link}:"
        yield from _yaml(found["link"])
    else:
        yield "\n# into links:"
        yield from _yaml({link: {"adapter": "serial", "port": where, **found["link"]}})
    if found["device"]:
        yield f"\n# into devices: {NEXT_STEP.format(link=link)}"
        yield from _yaml({f"{link}-device": {"link": link, **found["device"]}})


def _yaml(content: Mapping[str, Any]) -> Sequence[str]:
    text = yaml.safe_dump(
        dict(content), sort_keys=False, default_flow_style=None, allow_unicode=True, width=sys.maxsize
    )
    return text.rstrip().splitlines()
