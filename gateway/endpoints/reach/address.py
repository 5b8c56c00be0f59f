"""Where a far end and a proxy listen, as a URL says it. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

SCHEMES = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
"""Default ports: IANA service names mqtt, secure-mqtt, http and https."""

SOCKS_PORT = 1080
"""IANA service name socks."""

WEBSOCKET_PATH = "/mqtt"
"""Where most brokers serve MQTT over WebSocket, unless the URL names another."""


LOGIN = "put the login into username and password, with the password as ${secret:NAME}"

HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}")
"""A name as it is asked for (RFC 1035, 2.3.4); services have names with an underscore, too."""


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
        raise ValueError(LOGIN)
    is_websocket = parts.scheme in ("ws", "wss")
    if (not is_websocket and (parts.path not in ("", "/") or parts.query)) or parts.fragment or port == 0:
        raise ValueError("must end after the port")
    path = None
    if is_websocket:
        path = (parts.path or WEBSOCKET_PATH) + (f"?{parts.query}" * bool(parts.query))
    secure = parts.scheme in ("mqtts", "wss")
    return Address(parts.hostname, SCHEMES[parts.scheme] if port is None else port, secure, path)


def proxy_of(url: str, username: str | None = None, password: str | None = None) -> Proxy:
    """Raises ValueError with a sentence for people."""
    parts, port = _split(url, "not a proxy's address")
    if parts.scheme == "https":
        raise ValueError("TLS to the proxy itself is not spoken - write http://: the TLS to the broker runs inside")
    if parts.scheme not in ("http", "socks5", "socks5h") or not parts.hostname:
        raise ValueError("must be http://host:port for HTTP CONNECT, or socks5://host:port")
    if parts.username or parts.password:
        raise ValueError(LOGIN)
    if parts.path not in ("", "/") or parts.query or parts.fragment or port == 0:
        raise ValueError("must end after the port")
    is_socks = parts.scheme != "http"
    if port is None and not is_socks:
        raise ValueError("must name the proxy's port, such as http://host:3128")
    return Proxy(is_socks, parts.hostname, SOCKS_PORT if port is None else port, username, password)


def checked_host(host: str) -> str:
    """A name as it may be asked for, or an address; raises ValueError with a sentence that does not repeat it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not HOST.fullmatch(in_dns(host)):
            raise ValueError("must be a host's name, such as broker.example, or its address") from None
    return host


def in_dns(host: str) -> bytes:
    """As it is written there (RFC 3490); empty where it can't be."""
    try:
        return host.encode("idna")
    except UnicodeError:
        return b""


def bracketed(host: str) -> str:
    """A host as it stands before a port (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def _split(url: str, complaint: str) -> tuple[SplitResult, int | None]:
    """What is refused is never quoted: a login may stand in it."""
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError(f"{complaint}: there is a space in it")
    try:
        parts = urlsplit(url)
        if parts.hostname:  # else the caller says how it must be written
            checked_host(parts.hostname)
    except ValueError:
        raise ValueError(f"{complaint}: what stands there as its host can be none") from None
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{complaint}: its port is no number up to 65535 - or is that a login? {LOGIN}") from None
    return parts, port
