"""Commands that change something: asked for first, then sent, and confirmed where a rule wants that."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import typer

from gateway.cli.control.client import Client, Unanswered
from gateway.cli.control.results import MAYBE, Result
from gateway.cli.control.values import printable
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused

NOTHING_DONE = "nothing was done"


def agreed(question: str, *, yes: bool) -> None:
    """Go on only with a person's word; raises Refused."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(Exit.USAGE, f"there is no terminal to ask at, so {NOTHING_DONE}: say --yes")
    try:
        answer = typer.confirm(question, err=True)
    except typer.Abort:
        raise Refused(Exit.REFUSED, NOTHING_DONE) from None
    if not answer:
        raise Refused(Exit.REFUSED, NOTHING_DONE)


def carried_out(client: Client, path: str, body: Mapping[str, Any], what: str, *, yes: bool) -> Result:
    """Its result; what needs a second word is asked for again. Raises Denied and Refused."""
    result = _sent(client, path, body)
    token = result.get("confirm")
    if result["status"] != "rejected" or token is None:
        return result
    rule = f" (rule: {result['rule']})" if result.get("rule") else ""
    agreed(f"{what} must be confirmed{printable(rule)}. Confirm it?", yes=yes)
    return _sent(client, path, {**body, "confirm": token})


def _sent(client: Client, path: str, body: Mapping[str, Any]) -> Result:
    try:
        result: Result = client.post(path, body)
    except Unanswered as error:
        raise Refused(Exit.DEVICE, f"{error}; {MAYBE}; `fieldgate audit` shows what is known") from error
    except KeyboardInterrupt:
        raise Refused(Exit.INTERRUPTED, f"you did not wait for the answer: {MAYBE}") from None
    return result
