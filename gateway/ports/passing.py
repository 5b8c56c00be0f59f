"""Names of serial ports that the kernel may give to another port tomorrow. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from gateway.adapter import Advice

PASSING_NAME = re.compile(r"/dev/tty(USB|ACM)\d+")
"""The kernel counts USB ports in the order in which it meets them (drivers usb-serial and cdc-acm)."""

NameOf = Callable[[str], str | None]
"""What a port is called for good, if that is known here."""


def of_passing_name(path: str, name_of: NameOf) -> list[Advice]:
    """What to write instead, if a port is called so."""
    if not PASSING_NAME.fullmatch(posixpath.normpath(path)):
        return []
    name = name_of(path)
    better = f"write {name}" if name else "`ls -l /dev/serial/by-id` shows what to write while it is plugged in"
    text = f"after a restart {path} may be another port, and the wrong device answers - {better}"
    return [Advice("port-name", text, ("port",))]
