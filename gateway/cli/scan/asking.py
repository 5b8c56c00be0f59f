"""A scan, whatever the adapter: asked of the gateway, shown while it goes on, ended by Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import Where
from gateway.cli.control.results import Result
from gateway.cli.control.way import explained, way_to_scan
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused, hint
from gateway.cli.scan.gauge import Gauge


class Scanned:
    """What a scan has told so far; `result` is its end, None where nobody waited for that."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.result: Result | None = None

    def take(self, line: Mapping[str, Any]) -> None:
        """A line of the answer."""
        if "status" in line:
            self.result = line
            if line["status"] == "done":  # else what was told before it counts
                self.found = line.get("found", [])
        else:
            self.found += line.get("found", [])
            self.notes += line.get("notes", [])


def scanned(where: Where, adapter: str, link: str, options: Mapping[str, Any], *, listens: bool = False) -> Scanned:
    """Through the gateway that runs, else by ourselves; raises Refused. `listens` as a Gauge has it."""
    told = Scanned()
    with way_to_scan(where) as client:
        _check(client, adapter, link)
        try:
            with Gauge(link, listens=listens) as gauge, closing(_lines(client, link, options)) as lines:
                for line in lines:
                    told.take(line)
                    gauge.show(line)
            if told.result is not None:
                told.result = explained(client, told.result, link)
        except KeyboardInterrupt:
            return told
    return told


def _lines(client: Client, link: str, options: Mapping[str, Any]) -> Generator[Any]:
    """To close it ends the scan."""
    with closing(client.lines(address("links", link, "scan"), options)) as lines:
        for line in lines:
            yield json.loads(line)


def _check(client: Client, adapter: str, link: str) -> None:
    """Raises Refused unless there is such a link of this adapter."""
    links: dict[str, Any] = client.get(address("links"))["links"]
    known = [name for name, each in links.items() if each["adapter"] == adapter]
    if link not in links:
        raise Refused(Exit.USAGE, f"no link '{link}' - {hint(link, known)}")
    if link not in known:
        raise Refused(Exit.USAGE, f"{link} is no {adapter} link, but {links[link]['adapter']} - {hint(link, known)}")
