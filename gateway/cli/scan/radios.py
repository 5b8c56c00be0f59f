"""Which radio is meant, and who may listen on it: the gateway that has it, or we ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic import ValidationError

from gateway import plugins
from gateway.adapter import LinkConfig, Rejected
from gateway.cli.control.finding import Where
from gateway.cli.control.way import links_of, running, way_to_scan
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused
from gateway.cli.scan.asking import Scanned, scanned
from gateway.cli.scan.gauge import Gauge
from gateway.cli.scan.surveying import surveyed
from gateway.config import Unavailable

ADAPTER = "ble"


class Meant(NamedTuple):
    """A link, or a radio that is none of a configuration."""

    link: str | None
    radio: str | None = None
    bus: str | None = None

    @property
    def called(self) -> str:
        """For people."""
        return self.link or self.radio or "bluetooth"

    @property
    def settings(self) -> dict[str, str]:
        """What a link has to say of it."""
        given = {"radio": self.radio, "bus": self.bus}
        return {name: value for name, value in given.items() if value is not None}


def searched(where: Where, meant: Meant, options: Mapping[str, Any]) -> tuple[Meant, Scanned]:
    """Who is heard, and where; raises Refused."""
    if meant.link is not None and meant.settings:
        raise Refused(Exit.USAGE, "--radio and --bus are for a radio that is no link: name one or the other")
    if meant.link is None and not meant.settings:
        meant = Meant(_only_link(where))
    if meant.link is not None:
        return meant, scanned(where, ADAPTER, meant.link, options, listens=True)
    return meant, _by_ourselves(meant, options)


def _only_link(where: Where) -> str | None:
    """Of the gateway that runs, or of the configuration that is named; None where there is neither, or no such link."""
    if where.config is None and not _runs(where):
        return None
    with way_to_scan(where) as client:
        links = [name for name, each in links_of(client).items() if each["adapter"] == ADAPTER]
    if len(links) > 1:
        raise Refused(Exit.USAGE, f"there are several links with a radio, {', '.join(links)}: name one")
    return links[0] if links else None


def _runs(where: Where) -> bool:
    """Whether a gateway does that this user may ask; BlueZ lets anybody else scan beside it."""
    with suppress(Refused):
        return running(where) is not None
    return False


def _by_ourselves(meant: Meant, options: Mapping[str, Any]) -> Scanned:
    try:
        adapter = plugins.adapter(ADAPTER)
    except Unavailable as error:
        raise Refused(Exit.CONFIG, str(error)) from None

    def link() -> LinkConfig:
        try:
            return adapter.Link.model_validate({"adapter": ADAPTER, **meant.settings})
        except ValidationError as error:
            raise Rejected("malformed", error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    return surveyed(adapter, link, options, Gauge(meant.called, listens=True))
