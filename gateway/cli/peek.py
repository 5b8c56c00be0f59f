"""`fieldgate read DEV --raw WHAT` and `--gatt`: what is no point, raw, and how it may be understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli import offers, show
from gateway.cli.control import table
from gateway.cli.control.client import Client, address
from gateway.cli.control.results import Result, exit_of, sentence
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable, shown
from gateway.cli.control.way import explained

HEAD = ("type", "order", "value", "")
BITS = ("address", "bit")


def peeked(client: Client, device: str, what: str, link: str) -> Result:
    """Raises Denied, Unanswered."""
    result = client.post(address("devices", device, "peek"), {"what": what})
    return explained(client, result, link)


def ended(device: str, result: Result, *, as_json: bool) -> int:
    """Say what came of it; the exit code."""
    if as_json:
        show.document({"device": device, **result})
    else:
        for found in result.get("found", ()):
            if "services" in found:
                offers.tell(device, found)
            else:
                _tell(found)
        if result["status"] != "done":
            show.problem(f"{device}: {sentence(result)}")
    return exit_of(result)


def _tell(found: Mapping[str, Any]) -> None:
    if "bits" in found:
        rows = enumerate(found["bits"], found["address"])
        table.show(BITS, (Row((shown(place), shown(bit))) for place, bit in rows))
        return
    print(f"{found['table']} {found['address']}: {' '.join(found['hex'])} hex, {' '.join(map(str, found['words']))}")
    table.show(HEAD, list(_readings(found["readings"])))


def _readings(readings: list[Mapping[str, Any]]) -> Iterator[Row]:
    """As they come: the likeliest first."""
    for each in readings:
        orders = ", ".join([each["order"], *each.get("same", ())])
        value = each["value"]
        text = " ".join(map(_number, value)) if isinstance(value, list) else _number(value)
        half = f"{each['byte']} byte" if "byte" in each else orders
        likely = each["plausible"]
        yield Row((each["type"], half, text, "plausible" if likely else ""), Tone.GOOD if likely else Tone.PLAIN)


def _number(value: object) -> str:
    return "none" if value is None else printable(shown(value))
