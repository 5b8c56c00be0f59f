"""Serial ports of this machine, and who may look at one: the gateway that has it, or we ourselves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, NamedTuple

from gateway import plugins
from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.finding import Where
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable
from gateway.cli.control.way import links_of, running, translated
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused
from gateway.cli.scan.asking import Scanned, scanned
from gateway.cli.scan.gauge import Gauge
from gateway.cli.scan.surveying import surveyed
from gateway.ports import identity_of
from gateway.ports.lasting import lasting_name
from gateway.ports.listed import PortInfo, listed

ADAPTER = "serial"
HEAD = ("port", "device", "what is plugged in", "usb", "serial number", "held by")
NO_PORTS = "there is no serial port on this machine: is the adapter plugged in? The kernel's log (`dmesg`) tells"


def searched(where: Where, port: str, options: Mapping[str, Any]) -> Scanned:
    """What is said on a port or a link; raises Refused."""
    if not is_port(port):
        return scanned(where, ADAPTER, port, options)
    links = holders(where)
    link = _link_on(port, links)
    if link is None:
        serial = plugins.adapter(ADAPTER)
        return surveyed(serial, lambda: serial.link_to(port), options, Gauge(port))
    if (adapter := links[link].adapter) != ADAPTER:
        raise Refused(Exit.REFUSED, f"the gateway's link {link} ({adapter}) has {port}: stop the gateway for as long")
    return scanned(where, ADAPTER, link, options)


def is_port(word: str) -> bool:
    """Whether it is a port's name rather than a link's id, which has none of these signs."""
    return "/" in word or ":" in word


def name_for(port: str) -> tuple[str, str | None]:
    """What a link there may be called, and its port by its lasting name; None where the link exists."""
    if not is_port(port):
        return port, None
    lasting = lasting_name(port) if port.startswith("/") else None
    return "line", lasting or port


def listed_ports(where: Where, options: Mapping[str, Any], *, as_json: bool) -> Exit:
    """Which there are, what is plugged in, who has each; raises Refused."""
    if options:
        raise Refused(Exit.USAGE, f"--{next(iter(options)).replace('_', '-')} is for listening: name a port")
    ports, links = listed(), holders(where)
    if as_json:
        show.document({"ports": [_document(each, _link_on(each.path, links)) for each in ports]})
    elif ports:
        table.show(HEAD, [_row(each, _link_on(each.path, links)) for each in ports])
    if not ports:
        show.problem(NO_PORTS)
    return Exit.OK if ports else Exit.UNREACHABLE


class Holder(NamedTuple):
    """A link of the gateway that runs: its adapter, and what no other may open meanwhile."""

    adapter: str
    holds: str | None


def holders(where: Where) -> Mapping[str, Holder]:
    """The links of the gateway that runs, by name; none where none runs, or none that this user may ask."""
    with suppress(Refused), translated():
        if (client := running(where)) is not None:
            return {name: Holder(each["adapter"], each.get("holds")) for name, each in links_of(client).items()}
    return {}


def _link_on(port: str, links: Mapping[str, Holder]) -> str | None:
    return next((name for name, link in links.items() if link.holds and _is_same(link.holds, port)), None)


def _is_same(holds: str, port: str) -> bool:
    """Whether both names lead to one port."""
    if port.startswith("/"):
        return os.path.realpath(holds) == os.path.realpath(port)
    return holds == identity_of(port)


def _row(port: PortInfo, link: str | None) -> Row:
    holder = f"link {link}" if link else port.holder or ""
    known = (_product(port), port.usb or "", port.serial_number or "", holder)
    return Row((port.lasting, port.path, *map(printable, known)), Tone.DOUBTFUL if holder else Tone.PLAIN)


def _document(port: PortInfo, link: str | None) -> dict[str, Any]:
    return {"port": port.lasting, **asdict(port), "link": link}


def _product(port: PortInfo) -> str:
    """As it says itself; the maker's name is often in that already."""
    maker, product = port.manufacturer or "", port.product or ""
    return product if maker in product else f"{maker} {product}".strip()
