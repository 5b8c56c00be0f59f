"""`fieldgate write`: points of a device, after a look at what they are now."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import typer

from gateway.cli import show
from gateway.cli.control.asking import agreed, carried_out
from gateway.cli.control.client import Client, Denied, Unanswered, address
from gateway.cli.control.finding import Where
from gateway.cli.control.results import Result, exit_of, sentence, why_bad
from gateway.cli.control.values import BadValue, Point, assigned, limits, measured, parsed, printable
from gateway.cli.control.way import device_of, explained, way
from gateway.cli.exits import Exit
from gateway.cli.options import SiteFile, StateDir
from gateway.cli.read import tell
from gateway.cli.refused import Refused, must_be_known

UNTOUCHED = {"rejected", "expired", "unreachable"}
"""Ends of a command that has not reached its device: nothing to read back."""


class Plan(NamedTuple):
    """What shall be written, and what is known of these points."""

    device: str
    values: Mapping[str, Any]
    known: Mapping[str, Point]

    def told(self) -> str:
        """`setpoint = 55 °C, pump = true`."""
        return ", ".join(f"{name} = {measured(value, self.known[name])}" for name, value in self.values.items())


def write(
    device: Annotated[str, typer.Argument(help="A device's id.")],
    assignments: Annotated[list[str], typer.Argument(metavar="POINT=VALUE...", help="All checked, then written.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask, and confirm what must be confirmed.")] = False,
    config: SiteFile = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Exit code 4 when the device can't be reached, 5 when it refuses or nobody knows, 8 when the policy or you do."""
    try:
        with way(Where(config, state_dir), device) as client:
            about = device_of(client, device)
            plan = _plan(device, assignments, about["points"])
            _preview(plan, _last_known(plan) if yes else _now(client, plan, about["link"]))
            agreed("Write?", yes=yes)
            path, what = address("devices", device, "write"), f"{device}: {plan.told()}"
            result = carried_out(client, path, {"values": plan.values}, what, yes=yes)
            result = explained(client, result, about["link"])
            after = _after(client, plan) if result["status"] not in UNTOUCHED else None
    except Refused as refused:
        return refused.code
    _tell(plan, result, after, as_json=as_json)
    return exit_of(result)


def _plan(device: str, assignments: list[str], known: Mapping[str, Point]) -> Plan:
    """Raises Refused."""
    values: dict[str, Any] = {}
    try:
        for name, text in map(assigned, assignments):
            must_be_known(f"{device} has no point", name, known)
            values[name] = parsed(name, text, known[name])
    except BadValue as error:
        raise Refused(Exit.USAGE, str(error)) from error
    if len(values) < len(assignments):
        raise Refused(Exit.USAGE, "each point can have one value only")
    return Plan(device, values, {name: known[name] for name in values})


def _read(client: Client, plan: Plan) -> Result:
    result: Result = client.post(address("devices", plan.device, "read"), {"points": list(plan.values)})
    return result


def _after(client: Client, plan: Plan) -> Result | None:
    """What the points are now; what came of the write is told also when the gateway ends."""
    try:
        return _read(client, plan)
    except (Denied, Unanswered, KeyboardInterrupt) as error:
        show.problem(f"not read back: {str(error) or 'you did not wait for it'}")
        return None


def _now(client: Client, plan: Plan, link: str) -> Result:
    """What the points are before; raises Refused when the device can't be reached."""
    now = explained(client, _read(client, plan), link)
    if now["status"] == "unreachable":
        tell(plan.device, now, {})
        raise Refused(Exit.UNREACHABLE, "nothing was written")
    return now


def _last_known(plan: Plan) -> Result:
    """What the last poll has found: where nobody decides by it, the bus need not be asked."""
    known = plan.known.items()
    values = {name: point["value"] for name, point in known if "value" in point}
    bad = {name: point["bad"] for name, point in known if "bad" in point}
    return {"status": "not read yet", "values": values, "bad": bad}


def _preview(plan: Plan, now: Result) -> None:
    """What will change: a person decides by it, a log keeps it."""
    for name, value in plan.values.items():
        point = plan.known[name]
        allowed = f"may be {limits(point)}" if limits(point) else ""
        forbidden = "" if point.get("writable") else "not writable: it will be refused"
        confirmed = "must be confirmed" if point.get("confirm") else ""
        notes = "; ".join(note for note in (allowed, forbidden, confirmed) if note)
        line = f"{plan.device} {name}: {_before(name, now, point)} → {measured(value, point)}"
        print(f"{line}   ({notes})" if notes else line, file=sys.stderr)


def _before(name: str, now: Result, point: Point) -> str:
    if name in now.get("values", {}):
        return measured(now["values"][name], point)
    if name in now.get("bad", {}):
        return f"bad, {why_bad(now['bad'][name])}"
    return f"not known ({printable(now.get('reason') or now['status'])})"


def _tell(plan: Plan, result: Result, after: Result | None, *, as_json: bool) -> None:
    if as_json:
        read_back = {} if after is None else {"read_back": after}
        show.document({"device": plan.device, **result, **read_back})
        return
    if result["status"] == "done":
        written = plan._replace(values={**plan.values, **result.get("values", {})})  # rounded, by then
        print(f"{plan.device}: done: {written.told()}", file=sys.stderr)
    else:
        show.problem(f"{plan.device}: {sentence(result)}")
    if after is not None:
        print("read back:", file=sys.stderr)
        tell(plan.device, after, plan.known)
