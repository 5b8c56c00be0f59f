"""A device that can be connected to: its services, and what it does when they are read and written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from adapters.ble.simulator.bluez.errors import READ_NOT_PERMITTED, WRITE_NOT_PERMITTED, AttError

Read = Callable[[], bytes | Awaitable[bytes]]
"""Gives a value; AttError to refuse. One that never returns is a device that does not answer."""
Write = Callable[[bytes], object | Awaitable[object]]
"""Takes a value; AttError to refuse."""

FIRST_HANDLE: Final = 0x000A
"""Before it, real devices have their Generic Access service, which BlueZ does not show."""
CCCD: Final = "00002902-0000-1000-8000-00805f9b34fb"
"""Client Characteristic Configuration (Core Specification, Vol 3, Part G, 3.3.3.3)."""
SEALED_READ: Final = frozenset({"encrypt-read", "encrypt-authenticated-read", "secure-read"})
SEALED_WRITE: Final = frozenset({"encrypt-write", "encrypt-authenticated-write", "secure-write"})
"""Flags that BlueZ does not show of a remote device: it learns of them when it is refused."""
TOLD: Final = frozenset({"notify", "indicate"})


class Linked(Protocol):
    """The connection to a peripheral, as the peripheral sees it."""

    def tell(self, characteristic: Characteristic, data: bytes) -> bool:
        """Notify; False if nobody has asked for it."""

    def lose(self) -> None:
        """End, as by going out of range."""


@dataclass(eq=False)
class Descriptor:
    """Of a characteristic. `handle` is given by its peripheral."""

    uuid: str
    value: bytes = b""
    flags: Sequence[str] = ("read",)
    read: Read | None = None
    write: Write | None = None
    handle: int = 0


@dataclass(eq=False)
class Characteristic:
    """What it is (BlueZ's names of flags, with those of encryption), and what happens to it.

    `value` is read and written where there is no hook for that.
    """

    uuid: str
    flags: Sequence[str]
    value: bytes = b""
    read: Read | None = None
    write: Write | None = None
    descriptors: Sequence[Descriptor] = ()
    handle: int = 0

    def __post_init__(self) -> None:
        self.descriptors = list(self.descriptors)
        if TOLD & set(self.flags) and not any(each.uuid == CCCD for each in self.descriptors):
            self.descriptors.insert(0, Descriptor(CCCD, b"\0\0"))


@dataclass(eq=False)
class Service:
    """Characteristics that belong together."""

    uuid: str
    characteristics: Sequence[Characteristic]
    handle: int = 0


@dataclass(eq=False)
class Peripheral:
    """A device; all but its address and services may be changed while it runs.

    `passkey`: six digits that it shows, which then pairing needs. `connect_s`, `resolve_s`: how long it takes to
    connect to it, and then to learn its services; None is never. `mtu`: the bytes of one packet of that protocol.
    """

    address: str
    name: str | None = None
    services: Sequence[Service] = ()
    passkey: str | None = None
    random: bool = False
    connect_s: float | None = 0.0
    resolve_s: float | None = 0.0
    mtu: int = 247
    link: Linked | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.address = self.address.upper()
        self.change(self.services)

    @property
    def connected(self) -> bool:
        """Whether anybody is connected to it."""
        return self.link is not None

    def characteristic(self, uuid: str) -> Characteristic:
        """The first of this UUID; KeyError."""
        for service in self.services:
            for each in service.characteristics:
                if each.uuid == uuid:
                    return each
        raise KeyError(uuid)

    def change(self, services: Sequence[Service]) -> None:
        """Have others, as after an update: BlueZ shows those that it knows until it has forgotten the device."""
        self.services = services
        number(services)

    def notify(self, uuid: str, data: bytes) -> bool:
        """Notify or indicate; False if nobody is connected and has asked for it."""
        characteristic = self.characteristic(uuid)
        return self.link is not None and self.link.tell(characteristic, bytes(data))

    def hang_up(self) -> None:
        """End the connection, if there is one."""
        if self.link is not None:
            self.link.lose()


def number(services: Sequence[Service]) -> None:
    """Give all attributes their handles, in order, as a device's table has them."""
    handle = FIRST_HANDLE
    for service in services:
        service.handle = handle
        handle += 1
        for characteristic in service.characteristics:
            characteristic.handle = handle  # its declaration; its value follows
            handle += 2
            for descriptor in characteristic.descriptors:
                descriptor.handle = handle
                handle += 1


def attributes(services: Sequence[Service]) -> Iterator[Characteristic | Descriptor]:
    """All that can be read or written."""
    for service in services:
        for characteristic in service.characteristics:
            yield characteristic
            yield from characteristic.descriptors


async def read(attribute: Characteristic | Descriptor) -> bytes:
    """As the device answers; AttError."""
    if not ({"read"} | SEALED_READ) & set(attribute.flags):
        raise AttError(READ_NOT_PERMITTED)
    if attribute.read is None:
        return bytes(attribute.value)
    value = attribute.read()
    return bytes(value if isinstance(value, (bytes, bytearray)) else await value)


async def write(attribute: Characteristic | Descriptor, data: bytes, flag: str = "write") -> None:
    """As the device takes it; AttError."""
    if not ({flag} | SEALED_WRITE) & set(attribute.flags):
        raise AttError(WRITE_NOT_PERMITTED)
    if attribute.write is None:
        attribute.value = data
        return
    done = attribute.write(data)
    if isinstance(done, Awaitable):
        await done
