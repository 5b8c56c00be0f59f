"""`fieldgate read`: points of a device, read now."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from gateway.cli import peek, show
from gateway.cli.control import table
from gateway.cli.control.client import address
from gateway.cli.control.finding import Where
from gateway.cli.control.results import Result, exit_of, sentence, why_bad
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import Point, printable, shown
from gateway.cli.control.way import device_of, explained, way
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.refused import Refused, must_be_known

HEAD = ("point", "value", "unit", "quality")
GATT = "gatt"
"""What an adapter of Bluetooth devices is asked for then."""
CONNECTING = "connecting, which may take up to a minute; nothing is written"


def read(
    device: Annotated[str, typer.Argument(help="A device's id.")],
    points: Annotated[list[str] | None, typer.Argument(help="Its points; all of them if none is given.")] = None,
    *,
    raw: Annotated[
        str | None,
        typer.Option(
            "--raw", metavar="WHAT", help="Not points, but what is at an address, as holding:100/2[:float32] of Modbus."
        ),
    ] = None,
    gatt: Annotated[
        bool, typer.Option("--gatt", help="Not points, but all that a Bluetooth device offers over a connection.")
    ] = False,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when the device can't be reached, 5 when a point is bad, 8 when the policy forbids it."""
    what = GATT if gatt else raw
    if (raw is not None) + gatt + bool(points) > 1:
        show.problem(f"{'--gatt' if gatt else '--raw'} is instead of points: name one or the other")
        return Exit.USAGE
    try:
        with way(Where(config, state_dir), device) as client:
            about = device_of(client, device)
            if gatt and sys.stderr.isatty():
                print(CONNECTING, file=sys.stderr)
            if what is not None:
                return peek.ended(device, peek.peeked(client, device, what, about["link"]), as_json=as_json)
            known = about["points"]
            for name in points or () if known else ():
                must_be_known(f"{device} has no point", name, known)
            result = client.post(address("devices", device, "read"), {"points": points} if points else {})
            result = explained(client, result, about["link"])
    except Refused as refused:
        return refused.code
    if as_json:
        show.document({"device": device, **result})
    else:
        tell(device, result, {name: known[name] for name in points or known if name in known})
    return exit_of(result)


def tell(device: str, result: Result, known: Mapping[str, Point]) -> None:
    """What was read, and what is wrong with it."""
    rows = list(_rows(result, known))
    if rows:
        table.show(HEAD, rows)
    if result["status"] != "done":
        show.problem(f"{device}: {sentence(result)}")
    elif result.get("bad") and result.get("detail"):
        show.problem(printable(f"{device}: {result['detail']}"))


def _rows(result: Result, known: Mapping[str, Point]) -> Iterator[Row]:
    """In the order in which they were asked for, else that of the configuration."""
    values: Mapping[str, Any] = result.get("values", {})
    bad: Mapping[str, Any] = result.get("bad", {})
    for name in [each for each in known if each in values or each in bad]:
        unit = printable(known[name].get("unit") or "")
        if name in bad:
            yield Row((name, "", unit, f"bad: {why_bad(bad[name])}"), Tone.BAD)
        else:
            yield Row((name, shown(values[name]), unit, "good"), Tone.GOOD)
