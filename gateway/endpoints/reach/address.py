"""Where a far end listens, as a URL says it. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

SCHEMES = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
"""Default ports: IANA service names mqtt, secure-mqtt, http and https."""

WEBSOCKET_PATH = "/mqtt"
"""Where most brokers serve MQTT over WebSocket, unless the URL names another."""


class Address(Struct, frozen=True):
    """A host and port, whether TLS is spoken there, and the path of a WebSocket if it is one."""

    host: str
    port: int
    secure: bool
    path: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def address_of(url: str) -> Address:
    """Raises ValueError with a sentence for people."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not a broker's address: {error}") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("must be mqtt://host, mqtt://host:port, or the same with mqtts://, ws:// or wss://")
    if parts.username or parts.password:
        raise ValueError("put the login into username and password, with the password as ${secret:NAME}")
    is_websocket = parts.scheme in ("ws", "wss")
    if (not is_websocket and (parts.path not in ("", "/") or parts.query)) or parts.fragment or port == 0:
        raise ValueError("must end after the port")
    path = None
    if is_websocket:
        path = (parts.path if parts.path not in ("", "/") else WEBSOCKET_PATH) + (f"?{parts.query}" * bool(parts.query))
    secure = parts.scheme in ("mqtts", "wss")
    return Address(parts.hostname, SCHEMES[parts.scheme] if port is None else port, secure, path)
