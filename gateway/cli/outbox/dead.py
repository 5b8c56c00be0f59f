"""`fieldgate outbox dead`: what the far end has refused for good."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.options import StateDir
from gateway.cli.outbox.site import chosen, found
from gateway.cli.refused import Refused
from gateway.endpoints.payload import iso_ms
from gateway.outbox.visit.letters import Letter, bundles
from gateway.outbox.visit.visit import Unreadable


def dead(
    endpoint: Annotated[str | None, typer.Argument(help="An endpoint's id; not needed where there is one.")] = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 5 when rows are damaged, or the file can't be read."""
    try:
        present = {name: files.current for name, files in found(state_dir).items() if files.current.exists()}
        name = chosen(endpoint, present)
        read = list(bundles(present[name], dead=True))
    except Refused as refused:
        return refused.code
    except Unreadable as error:
        show.problem(f"{present[name]}: {error}")
        return Exit.DEVICE
    except PermissionError as error:
        show.problem(f"{error}; run as the user that owns it")
        return Exit.PERMISSION
    letters, torn = [letter for bundle in read for letter in bundle.letters], sum(bundle.torn for bundle in read)
    if as_json:
        show.document({"endpoint": name, "dead": [_facts(letter) for letter in letters], "damaged": torn})
    elif letters:
        _print(letters, name)
    else:
        print(f"{name}: nothing was refused for good")
    if torn:
        show.problem(f"{show.count(torn, 'damaged row')} left out: not as written, by their checksum")
    return Exit.DEVICE if torn else Exit.OK


def _facts(letter: Letter) -> dict[str, object]:
    entry = letter.entry
    return {
        "id": entry.id,
        "time": iso_ms(entry.time_ms),
        "device": entry.device or None,
        "kind": entry.kind,
        "session": entry.session,
        "seq": entry.seq,
        "bytes": len(entry.payload),
        "code": letter.code,
        "reason": letter.reason,
    }


def _print(letters: list[Letter], name: str) -> None:
    width = max(len(letter.entry.device or "-") for letter in letters)
    for letter in letters:
        entry = letter.entry
        about = f"{entry.device or '-':{width}}  {entry.kind:7}  {show.size(len(entry.payload)):>8}"
        print(f"{entry.id}  {iso_ms(entry.time_ms)}  {about}  code {letter.code}: {letter.reason}")
    print(f"\n{show.count(len(letters), 'envelope')}: `fieldgate outbox export {name} --dead` writes them")
