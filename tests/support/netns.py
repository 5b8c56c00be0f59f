"""Two network namespaces and a cable between them that can swallow everything without a word. Needs root."""

import ctypes
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

CLONE_NEWNET = 0x40000000
"""What kind of namespace is meant (setns(2))."""

NOBODY = "02:00:00:00:00:99"
"""A link-layer address that no interface has: what is sent there is dropped by whoever receives it."""

DEVICE = "uplink"

_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


class Namespace:
    """One end of the cable, with a loopback of its own."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Sockets that are opened here belong to it; threads and processes that are started here stay in it."""
        with ExitStack() as files:
            own = files.enter_context(Path("/proc/thread-self/ns/net").open("rb"))
            _set(files.enter_context(Path(f"/run/netns/{self.name}").open("rb")))
            try:
                yield
            finally:
                _set(own)

    def send_to(self, address: str, hardware: str) -> None:
        """What goes to this address goes to this interface, whatever it says itself."""
        _ip("-n", self.name, "neigh", "replace", address, "lladdr", hardware, "dev", DEVICE, "nud", "permanent")

    @property
    def hardware(self) -> str:
        """The link-layer address of its end."""
        (interface,) = json.loads(_ip("-n", self.name, "-j", "link", "show", DEVICE))
        return str(interface["address"])


class Cable:
    """Made when entered, gone when left, whatever still runs there. Names are unique to this process."""

    def __init__(self) -> None:
        unique = f"fg{os.getpid()}"
        self.near = Namespace(f"{unique}n", "10.213.0.1")
        self.far = Namespace(f"{unique}f", "10.213.0.2")

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        for end in (self.near, self.far):
            _ip("netns", "add", end.name)
            _ip("-n", end.name, "link", "set", "lo", "up")
        peer = ("type", "veth", "peer", "name", DEVICE, "netns", self.far.name)
        _ip("-n", self.near.name, "link", "add", DEVICE, *peer)
        for end in (self.near, self.far):
            _ip("-n", end.name, "addr", "add", f"{end.address}/30", "dev", DEVICE)
            _ip("-n", end.name, "link", "set", DEVICE, "up")

    def __exit__(self, *_: object) -> None:
        for end in (self.near, self.far):
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", end.name)

    def swallow(self) -> None:
        """From now on nothing arrives at either end; neither is told, its interface stays up, its writes succeed."""
        self.near.send_to(self.far.address, NOBODY)
        self.far.send_to(self.near.address, NOBODY)

    def mend(self) -> None:
        """Deliver again, what is repeated first."""
        self.near.send_to(self.far.address, self.far.hardware)
        self.far.send_to(self.near.address, self.near.hardware)


def _set(namespace: Any) -> None:
    if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
