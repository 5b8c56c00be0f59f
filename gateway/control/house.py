"""What the API asks of the gateway: everything it serves comes through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from gateway.adapter import Tap, Tell
from gateway.latest import Latest
from gateway.model import DeviceInfo, DeviceStatus, Result


class Unavailable(Exception):
    """What was asked for can't be told for now; the text is a sentence that says why."""


class LinkFacts(NamedTuple):
    """What serves a link, and what no other may open meanwhile, such as a serial port; None: nothing."""

    adapter: str
    holds: str | None


class House(Protocol):
    """A gateway at work; every call returns at once, unless it is awaited."""

    @property
    def devices(self) -> Mapping[str, DeviceInfo]:
        """By id, as the configuration describes them now."""

    @property
    def latest(self) -> Latest:
        """The last sample of each group of points; the same object for as long as the gateway is at work."""

    @property
    def links(self) -> Mapping[str, LinkFacts]:
        """By id, also those without devices."""

    def status(self) -> Mapping[str, Any]:
        """The gateway's own state as in its status envelope, with `gateway` (its id) and `endpoints`."""

    def states(self) -> Mapping[str, DeviceStatus]:
        """Each device's state."""

    def outboxes(self) -> Mapping[str, Mapping[str, Any]]:
        """By endpoint: what waits, in memory and on disk, and how it comes and goes."""

    async def command(self, body: bytes, device: str, user: str) -> Result:
        """Carry a command out as one from the cloud: decode, policy, journal, queue, audit.

        `body` as on a command topic; `device` is empty for the gateway itself (ping, reload, republish-birth).
        Returns its result, which says also why it was refused. A caller who
        goes (the call is cancelled) does not end it.
        """

    async def scan(self, link: str, command: str, body: bytes, user: str, tell: Tell) -> Result:
        """Look for devices on a link: `body` is the command `scan` to the gateway itself, with this id.

        Its `args` are `link` and `options`, which are the adapter's own. Tells how far it is. A caller who goes (the
        call is cancelled) ends it.
        """

    def tapped(self, link: str, tap: Tap) -> AbstractContextManager[None]:
        """Show `tap` everything that goes over a link, as it goes; raises KeyError, Rejected."""

    async def audit(self, query: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Records of commands, newest first; raises Unavailable.

        `query` holds `limit` and, where asked for, `device`, `since_ms` (UTC, Unix) and `before` (a record's `number`).
        """
