"""Where a far end and a proxy listen, as a URL says it. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

SCHEMES = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
"""Default ports: IANA service names mqtt, secure-mqtt, http and https."""

SOCKS_PORT = 1080
"""IANA service name socks."""

WEBSOCKET_PATH = "/mqtt"
"""Where most brokers serve MQTT over WebSocket, unless the URL names another."""


NEVER_IN_A_HOST = frozenset(" /?#@:[]\\\0")
"""In no name: where a URL ends, or begins to say something else."""

MAX_NAME_BYTES = 255
"""Of a name in DNS (RFC 1035, 2.3.4), and in SOCKS5 (RFC 1928, 5)."""

SHOWN_CHARACTERS = 80
"""Of a host that is none."""


class Address(Struct, frozen=True):
    """A host and port, whether TLS is spoken there, and the path of a WebSocket if it is one."""

    host: str
    port: int
    secure: bool
    path: str | None = None

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


class Proxy(Struct, frozen=True):
    """A proxy and who asks it."""

    is_socks: bool
    host: str
    port: int
    username: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


def address_of(url: str) -> Address:
    """Raises ValueError with a sentence for people."""
    parts, port = _split(url, "not a broker's address")
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("must be mqtt://host, mqtt://host:port, or the same with mqtts://, ws:// or wss://")
    if parts.username or parts.password:
        raise ValueError("put the login into username and password, with the password as ${secret:NAME}")
    is_websocket = parts.scheme in ("ws", "wss")
    if (not is_websocket and (parts.path not in ("", "/") or parts.query)) or parts.fragment or port == 0:
        raise ValueError("must end after the port")
    path = None
    if is_websocket:
        path = (parts.path or WEBSOCKET_PATH) + (f"?{parts.query}" * bool(parts.query))
    secure = parts.scheme in ("mqtts", "wss")
    return Address(checked_host(parts.hostname), SCHEMES[parts.scheme] if port is None else port, secure, path)


def proxy_of(url: str, username: str | None = None, password: str | None = None) -> Proxy:
    """Raises ValueError with a sentence for people."""
    parts, port = _split(url, "not a proxy's address")
    if parts.scheme == "https":
        raise ValueError("TLS to the proxy itself is not spoken - write http://: the TLS to the broker runs inside")
    if parts.scheme not in ("http", "socks5", "socks5h") or not parts.hostname:
        raise ValueError("must be http://host:port for HTTP CONNECT, or socks5://host:port")
    if parts.username or parts.password:
        raise ValueError("put the login into username and password, with the password as ${secret:NAME}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or port == 0:
        raise ValueError("must end after the port")
    is_socks = parts.scheme != "http"
    if port is None and not is_socks:
        raise ValueError("must name the proxy's port, such as http://host:3128")
    return Proxy(is_socks, checked_host(parts.hostname), SOCKS_PORT if port is None else port, username, password)


def checked_host(host: str) -> str:
    """A name as DNS and certificates may have it, or an address; raises ValueError with a sentence."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if NEVER_IN_A_HOST & set(host) or not in_dns(host):
            raise ValueError(f"{host[:SHOWN_CHARACTERS]} can't be a host's name") from None
    return host


def in_dns(host: str) -> bytes:
    """As it is written there (RFC 3490); empty where it can't be."""
    try:
        name = host.encode("idna")
    except UnicodeError:
        return b""
    return name if len(name) <= MAX_NAME_BYTES else b""


def bracketed(host: str) -> str:
    """A host as it stands before a port (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def _split(url: str, complaint: str) -> tuple[SplitResult, int | None]:
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError(f"{complaint}: there is a space in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{complaint}: {error}") from error
    return parts, port
