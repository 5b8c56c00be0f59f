"""Endpoints and formats that are measured, and reasons for which their connections begin anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.endpoints.payload import Format
from scripts.bench import far_ends
from scripts.bench.far_ends import Start, Tls
from scripts.bench.renewing import Change, new_password

EVENTS = "format: cloudevents"
HUNDRED = "batch: {max_messages: 100}"
BY_ITSELF = "batch: {max_messages: 1}"
SHORT_LIVED = "scripts.bench.shortlived"


class Way(NamedTuple):
    """One endpoint and format; `settings` are more of the endpoint's."""

    name: str
    start: Start
    settings: Sequence[str] = ()
    protocol: str = "5"
    has_latency: bool = True
    """Whether readings don't wait for others."""
    is_fast: bool = False
    """Whether it is also measured with ten times as much."""

    @property
    def form(self) -> Format:
        """Of its envelopes."""
        return "cloudevents" if EVENTS in self.settings else "fieldgate"


class Renewing(NamedTuple):
    """A way whose connection begins anew now and then, what brings that about, and which module is the daemon then."""

    way: Way
    change: Change | None = None
    daemon: str | None = None

    @property
    def name(self) -> str:
        """For people."""
        return self.way.name


def ways() -> list[Way]:
    """The first is the one that others are compared with."""
    broker, hub = far_ends.broker, far_ends.hub
    return [
        Way("mqtt 5", broker, is_fast=True),
        Way("mqtt 5, no topic aliases", broker, ["topic_aliases: false"]),
        Way("mqtt 3.1.1", broker, protocol="3.1.1"),
        Way("mqtt 5, cloudevents", broker, [EVENTS]),
        Way("mqtt 5, batches", broker, [HUNDRED], has_latency=False, is_fast=True),
        Way("mqtt 5, cloudevents batches", broker, [EVENTS, HUNDRED], has_latency=False),
        Way("mqtt 5, tls", Tls()),
        Way("mqtt 5, websocket", far_ends.websocket),
        Way("mqtt 5, websocket tls", far_ends.websocket_tls),
        Way("mqtt 5, socks5", far_ends.socks),
        Way("azure", hub, [BY_ITSELF], is_fast=True),
        Way("azure, batches", hub, has_latency=False, is_fast=True),
        Way("azure, cloudevents", hub, [EVENTS, BY_ITSELF]),
        Way("azure, cloudevents batches", hub, [EVENTS], has_latency=False),
        Way("azure, websocket", far_ends.hub_websocket, [BY_ITSELF]),
    ]


def renewings() -> list[Renewing]:
    """One for each reason that there is."""
    hub, tls = far_ends.hub, Tls()
    return [
        Renewing(Way("azure, token", hub, [BY_ITSELF]), daemon=SHORT_LIVED),
        Renewing(Way("azure, token, batches", hub), daemon=SHORT_LIVED),
        Renewing(Way("mqtt 5, certificate", tls), lambda folder, _: tls.put_certificate(folder)),
        Renewing(Way("mqtt 5, certificate, batches", tls, [HUNDRED]), lambda folder, _: tls.put_certificate(folder)),
        Renewing(Way("mqtt 5, password", far_ends.with_password), new_password),
    ]
