"""`fieldgate scan ble`: which devices advertise, what they say, who decodes it, and what to write for them."""

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
from gateway.cli.scan.asking import Scanned
from gateway.cli.scan.pasting import entry, line, named
from gateway.cli.scan.radios import Meant, searched

HEAD = ("address", "rssi", "device", "name", "decoder", "says")
MOST_BYTES = 12
"""Of what nobody decodes; all of it is in --json."""


def ble(
    link: Annotated[
        str | None, typer.Argument(metavar="[LINK]", help="A link's id; without it the only one, or the only radio.")
    ] = None,
    *,
    radio: Annotated[
        str | None, typer.Option("--radio", help="No link, but this radio: its address, or a name like hci0.")
    ] = None,
    bus: Annotated[str | None, typer.Option("--bus", help="D-Bus address of BlueZ, if not the system's.")] = None,
    listen: Annotated[str | None, typer.Option("--listen", help="How long, as in 1min; else 10s.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Only this device; several with commas.")] = None,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when nothing is heard or there is no radio, 130 when you end it; only listens and asks for names."""
    given = {"listen": listen, "address": address}
    options = {name: value for name, value in given.items() if value is not None}
    try:
        meant, told = searched(Where(config, state_dir), Meant(link, radio, bus), options)
    except Refused as refused:
        return refused.code
    if as_json:
        content = {"found": told.found, "notes": told.notes}
        show.document({"link": meant.link, "complete": _is_done(told), **(told.result or {}), **content})
    else:
        _tell(meant, told)
    return _exit(told)


def _is_done(told: Scanned) -> bool:
    return told.result is not None and told.result["status"] == "done"


def _exit(told: Scanned) -> int:
    if told.result is None:
        return Exit.INTERRUPTED
    if _is_done(told) and not told.found:
        return Exit.UNREACHABLE
    return exit_of(told.result)


def _tell(meant: Meant, told: Scanned) -> None:
    if told.found:
        table.show(HEAD, [_row(each) for each in told.found])
    for note in told.notes:
        show.problem(printable(note))
    if told.result is None:
        show.problem("ended before its time was over")
    elif not _is_done(told):
        show.problem(f"{meant.called}: {sentence(told.result)}")
    print("\n".join(stanza(meant, told.found)), end="")


def _row(found: Mapping[str, Any]) -> Row:
    name = printable(found.get("name", ""))
    decoder = printable(found.get("model") or found.get("decoder", ""))
    cells = (found["address"], str(found["best_rssi"]), found.get("device", ""), name, decoder, says(found))
    return Row(cells, Tone.GOOD if found.get("values") else Tone.DOUBTFUL if "refusal" in found else Tone.PLAIN)


def says(found: Mapping[str, Any]) -> str:
    """What a device tells or wants, in one cell."""
    said = [f"{name} {_value(each)}" for name, each in found.get("values", {}).items()]
    if found.get("encrypted"):
        said.append(f"encrypted: it wants a key of {found['key']}")
    elif "detail" in found:
        said.append(f"{found['refusal']}: {found['detail']}")
    return printable(", ".join(said or [*_raw(found), *found.get("notes", ())]))


def _value(each: Mapping[str, Any]) -> str:
    return f"{shown(each['value'])} {each.get('unit', '')}".rstrip()


def _raw(found: Mapping[str, Any]) -> list[str]:
    """The first bytes of each part that nobody decodes."""
    parts = [
        (f"{number} {each['company']}".rstrip(), each["data"]) for number, each in found.get("manufacturer", {}).items()
    ]
    parts += found.get("services", {}).items()
    return [f"{whose}: {_cut(data)}" for whose, data in parts] or list(found.get("offers", ()))


def _cut(digits: str) -> str:
    most = 2 * MOST_BYTES
    return digits if len(digits) <= most else f"{digits[:most]}..."


def stanza(meant: Meant, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What to paste into the configuration: the link where there is none, and who is not configured yet."""
    strangers = [each for each in found if "config" in each]
    if not strangers:
        return
    link = meant.link or "radio"
    if meant.link is None:
        yield "\n# into links:"
        yield line(link, {"adapter": "ble", **meant.settings})
    yield "\n# into devices: keep what is yours; points that are left out are not sent"
    for name, each in named(strangers):
        if each.get("encrypted"):
            yield f'# encrypted: add key: "${{secret:{name}-key}}", {each["key"]}'
        elif "offers" in each and "decoder" not in each:
            yield f"# it offers services: once it is configured, `fieldgate read {name} --gatt` lists them"
        yield from entry(name, {"link": link, **each["config"]})
    yield ""
