"""Where a link's devices are served: at its own address, or where somebody wants them."""

from __future__ import annotations

from typing import Any

from adapters.modbus.config.link import ModbusLink, Transport
from gateway.adapter import Rejected
from gateway.ports.serving import EVERYWHERE, LOOPBACK, ServingOptions


class Options(ServingOptions):
    """How to serve a link's devices; over Modbus TCP what is on a serial line, as RTU what is not."""

    cert: str | None = None
    key: str | None = None
    """Of the device, for transport tls: PEM files."""


class Place:
    """Over which transport, and there: `host` and `port`, or `path` ("" for any)."""

    def __init__(self, link: ModbusLink, options: Options) -> None:
        self.transport = _transport(link, options)
        self.is_serial = self.transport in ("rtu", "ascii")
        _, own = ("", 0) if link.is_serial else link.address
        asked = options.host is not None or options.tcp is not None or options.elsewhere
        self.host = options.host or (LOOPBACK if asked or link.is_serial else link.address[0])
        self.port = own if options.tcp is None else options.tcp
        self.path = options.pty or ""
        self.elsewhere = options.elsewhere and options.tcp is None
        if self.transport == "tls" and (options.cert is None or options.key is None):
            raise Rejected(
                "malformed",
                "with transport tls the device needs a certificate that the link trusts: give --cert and --key",
            )
        self.cert, self.key = options.cert, options.key

    def settings(self, link: ModbusLink, port: int, path: str) -> dict[str, Any]:
        """What of a link's settings must be others to reach what is served here; None: to be left out."""
        host = LOOPBACK if self.host in EVERYWHERE else self.host
        if not self.is_serial and link.is_serial:
            return {"transport": self.transport, "host": host, "port": port, **_without(link, SERIAL_ONLY)}
        if self.is_serial and not link.is_serial:
            return {"transport": self.transport, "port": path, **_without(link, NETWORK_ONLY)}
        if self.is_serial:
            return {} if path == link.path else {"port": path}
        there = {"host": host, "port": port}
        return {key: there[key] for key, own in zip(there, link.address, strict=True) if there[key] != own}


SERIAL_ONLY = ("baudrate", "parity", "stop_bits", "data_bits", "local_echo", "rs485")
NETWORK_ONLY = ("host", "connect_timeout", "max_in_flight", "tls")
"""Settings without a meaning elsewhere."""


def _without(link: ModbusLink, names: tuple[str, ...]) -> dict[str, None]:
    """Of those that the configuration sets."""
    return dict.fromkeys(name for name in names if name in link.model_fields_set)


def _transport(link: ModbusLink, options: Options) -> Transport:
    if link.is_serial and options.tcp is not None:
        return "tcp"
    if not link.is_serial and options.pty is not None:
        return "ascii" if link.transport == "ascii-over-tcp" else "rtu"
    return link.transport
