"""The objects of our D-Bus service, and the signals that tell of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from dbus_fast import Message, MessageType, Variant

from adapters.ble.simulator.bluez.errors import READ_ONLY, Refusal

PROPERTIES: Final = "org.freedesktop.DBus.Properties"
OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"
INTROSPECTABLE: Final = "org.freedesktop.DBus.Introspectable"

Properties = dict[str, Variant]


class Call(NamedTuple):
    """Of a method: who calls, and with what."""

    sender: str
    path: str
    body: list[Any]


class Answer(NamedTuple):
    """To a call."""

    signature: str = ""
    body: tuple[Any, ...] = ()
    fds: tuple[int, ...] = ()


NOTHING: Final = Answer()


class Method(NamedTuple):
    """The signatures of what it takes and gives, and what it does."""

    takes: str
    gives: str
    does: Callable[[Call], Awaitable[Answer]]


class Interface:
    """One interface of one object."""

    name: ClassVar[str]

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        return {}

    def properties(self) -> Properties:
        """As they are now; nobody changes what is returned."""
        return {}

    def put(self, name: str, value: Any) -> None:  # noqa: ARG002 -- for those that can be set
        """Set a property; Refusal."""
        raise Refusal(READ_ONLY, f"property {name!r} is not writable")


class Objects:
    """All there are, by path; each change is told to whoever listens."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._all: dict[str, dict[str, Interface]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def get(self, path: str) -> Mapping[str, Interface] | None:
        """The interfaces of an object."""
        return self._all.get(path)

    def add(self, path: str, *interfaces: Interface) -> None:
        """A new object."""
        self._all[path] = {each.name: each for each in interfaces}
        self._send(_signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, self._told(path)]))

    def remove(self, path: str) -> None:
        """An object that is no more."""
        names = [*_STANDARD, *self._all.pop(path)]
        self._send(_signal("/", OBJECTS, "InterfacesRemoved", "oas", [path, names]))

    def changed(self, path: str, interface: str, now: Properties, gone: tuple[str, ...] = ()) -> None:
        """Some properties have new values, others none any more; `now` must not change after this."""
        self._send(_signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, now, list(gone)]))

    def managed(self) -> dict[str, dict[str, Properties]]:
        """All objects with all their properties."""
        return {path: self._told(path) for path in self._all}

    def clear(self) -> None:
        """Forget all, and tell nobody."""
        self._all.clear()

    def _told(self, path: str) -> dict[str, Properties]:
        own = {name: interface.properties() for name, interface in self._all[path].items()}
        return {INTROSPECTABLE: {}, **own, PROPERTIES: {}}


_STANDARD: Final = (PROPERTIES, INTROSPECTABLE)


def _signal(path: str, interface: str, member: str, signature: str, body: list[Any]) -> Message:
    return Message(
        message_type=MessageType.SIGNAL,
        path=path,
        interface=interface,
        member=member,
        signature=signature,
        body=body,
        validate=False,
    )
