"""Where a serial port is, as people write it: a path here, or the far end of a network. Pure."""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.ports.host import checked_host

Kind = Literal["local", "tcp", "rfc2217"]

PATH_HINT = "best by its name in /dev/serial/by-id, like /dev/serial/by-id/usb-FTDI_A1"
FORMS = "a serial port is a path like /dev/serial/by-id/..., or tcp://host:port, or rfc2217://host:port"
MAX_PORT = 65535

_REMOTE = re.compile(r"(tcp|rfc2217)://(.*)", re.DOTALL)
_PLACE = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<host>[^:/\[\]]*)):(?P<port>[0-9]{1,5})")
_WINDOWS = re.compile(r"(?:\\\\\.\\)?COM[0-9]+:?", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_BARE = re.compile(r"[^:/\s]+:[0-9]+")


def checked_port(value: str) -> str:
    """What can be one, with its scheme in small letters; raises ValueError, which says what to write."""
    if value.startswith("/"):
        if value.endswith("/"):
            raise ValueError(f"{value} is a folder: write the port in it, {PATH_HINT}")
        return value
    if _WINDOWS.fullmatch(value):
        raise ValueError(f"{value} is how Windows calls a port: here it is a path, {PATH_HINT}")
    if scheme := _SCHEME.fullmatch(value):
        return _checked_remote(scheme[1].lower(), scheme[2])
    if _BARE.fullmatch(value):
        raise ValueError(f"for a device server write tcp://{value}, or rfc2217://{value} if it speaks that")
    if re.fullmatch(r"tty\w+|serial\d+", value):
        raise ValueError(f"needs its whole path: /dev/{value}; {PATH_HINT}")
    raise ValueError(FORMS)


def _checked_remote(scheme: str, rest: str) -> str:
    if scheme in {"socket", "telnet", "raw"}:
        raise ValueError(f"is written tcp://{rest}, or rfc2217://{rest} if the far end speaks that")
    if scheme not in {"tcp", "rfc2217"}:
        raise ValueError(FORMS)
    place = _PLACE.fullmatch(rest.removesuffix("/"))
    if place is None:
        raise ValueError(f"needs host and port, like {scheme}://10.0.0.5:4001, and nothing else")
    if not 1 <= int(place["port"]) <= MAX_PORT:
        raise ValueError(f"has a port from 1 to {MAX_PORT} at its end, not {place['port']}")
    if place["v6"] is None:
        _checked_name(place["host"])
    return f"{scheme}://{rest.removesuffix('/')}"


def _checked_name(host: str) -> None:
    try:
        checked_host(host)
    except ValueError as error:
        raise ValueError(f"its host {error}") from None


PortName = Annotated[str, Field(min_length=1), AfterValidator(checked_port)]
"""A serial port of this machine by its path, `tcp://host:port`, or `rfc2217://host:port`."""


def kind_of(port: str) -> Kind:
    """How it is reached."""
    remote = _REMOTE.fullmatch(port)
    if remote is None:
        return "local"
    return "tcp" if remote[1] == "tcp" else "rfc2217"


def is_local(port: str) -> bool:
    """Whether it is a port of this machine."""
    return kind_of(port) == "local"


def address_of(port: str) -> tuple[str, int]:
    """Host and port of one that is reached through a network."""
    remote = _REMOTE.fullmatch(port)
    place = _PLACE.fullmatch(remote[2]) if remote else None
    if place is None:
        raise ValueError(f"{port} is not reached through a network")
    return place["v6"] or place["host"], int(place["port"])


def identity_of(port: str) -> str:
    """The same for whatever is surely the same port: who holds it holds it alone."""
    if is_local(port):
        return posixpath.normpath(port)
    host, number = address_of(port)
    return f"{host.lower()}:{number}"
