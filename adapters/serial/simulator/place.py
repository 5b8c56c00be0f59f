"""Where a link's devices are served: at its own address, or where somebody wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from typing_extensions import override

from adapters.serial.config import SerialLink
from gateway.adapter import Rejected
from gateway.ports import SerialSettings, address_of, kind_of
from gateway.ports.serving import EVERYWHERE, LOOPBACK, ServingOptions
from gateway.units import parse_duration

TCP = "tcp://"
NETWORK_ONLY = ("connect_timeout",)
"""Settings without a meaning for a port of this machine."""
UNASKED_S = 1.0
"""How often devices speak that do so by themselves, unless something else is wanted."""
SHORTEST_S = 0.001
"""Between what a device says by itself: less would fill any line."""


class Options(ServingOptions):
    """How to serve a link's devices."""

    every: str | float = UNASKED_S
    """How often devices speak that do so by themselves: seconds, or text with a unit."""
    replay: str | None = None
    """A capture: instead of the devices there is what it has recorded."""
    loop: bool = False
    """Whether the capture begins again at its end."""
    at_once: bool = False
    """Whether the capture begins at once, and not only when somebody has opened the port."""

    @property
    def every_s(self) -> float:
        """Seconds between what is said unasked; raises ValueError."""
        every_s = self.every if isinstance(self.every, int | float) else parse_duration(self.every)
        if every_s < SHORTEST_S:
            raise ValueError(f"every must be at least {SHORTEST_S * 1000:g}ms")
        return every_s

    @classmethod
    @override
    def parsed(cls, given: Mapping[str, Any]) -> Self:
        options = super().parsed(given)
        try:
            assert options.every_s
        except ValueError as error:
            raise Rejected("malformed", f"options of a simulation: every: {error}") from None
        return options


class Place:
    """There: `host` and `port` of a network, or, where it `is_serial`, `path` ("" for any)."""

    def __init__(self, link: SerialLink, options: Options) -> None:
        wants_network = options.tcp is not None or options.host is not None
        is_tcp = kind_of(link.port) == "tcp"
        self.is_serial = options.pty is not None or (not wants_network and not is_tcp)
        own_host, own_port = address_of(link.port) if is_tcp else (LOOPBACK, 0)
        self.host = options.host or (LOOPBACK if wants_network or options.elsewhere else own_host)
        self.port = own_port if options.tcp is None else options.tcp
        self.path = options.pty or ""
        self.elsewhere = options.elsewhere and options.tcp is None

    def settings(self, link: SerialLink, port: int, path: str) -> dict[str, Any]:
        """What of a link's settings must be others to reach what is served here; None: to be left out."""
        host = LOOPBACK if self.host in EVERYWHERE else self.host
        there = path if self.is_serial else f"{TCP}[{host}]:{port}" if ":" in host else f"{TCP}{host}:{port}"
        if there == link.port:
            return {}
        pointless = NETWORK_ONLY if self.is_serial else SerialSettings.model_fields
        return {"port": there, **dict.fromkeys(name for name in pointless if name in link.model_fields_set)}
