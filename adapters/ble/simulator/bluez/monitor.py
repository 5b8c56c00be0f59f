"""Passive scans: org.bluez.AdvertisementMonitorManager1, and the monitors that clients export to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dbus_fast import Message, MessageFlag, MessageType, Variant, unpack_variants
from typing_extensions import override

from adapters.ble.simulator.bluez.errors import already_exists, does_not_exist
from adapters.ble.simulator.bluez.objects import NOTHING, OBJECTS, Answer, Call, Interface, Method, Properties
from adapters.ble.simulator.bluez.report import Report

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.daemon import Daemon

MONITOR: Final = "org.bluez.AdvertisementMonitor1"
MOST_MONITORS: Final = 32
MOST_PATTERNS: Final = 16
"""Of one monitor (both: measured with BlueZ 5.66 on Linux 6.1)."""

Pattern = tuple[int, int, bytes]
"""At which byte of an AD structure's data, of which type, there is what."""
Place = tuple[str, str]
"""A client, and a path of it."""


class Monitors(Interface):
    """Those that are active. A client registers a path, and exports its monitors there before or after that."""

    name: ClassVar[str] = "org.bluez.AdvertisementMonitorManager1"

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._roots: set[Place] = set()
        self._patterns: dict[Place, list[Pattern]] = {}
        self._found: dict[Place, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def matching(self, report: Report) -> list[Place]:
        """The monitors that this is for."""
        entries = [*report.entries()]
        return [place for place, patterns in self._patterns.items() if _matches(patterns, entries)]

    def found(self, places: list[Place], device: str) -> None:
        """Tell monitors of a device that is new to them."""
        for place in places:
            if device not in self._found[place]:
                self._found[place].add(device)
                self._tell(place, "DeviceFound", "o", [device])

    def lost(self, device: str) -> None:
        """A device is known no more."""
        for found in self._found.values():
            found.discard(device)

    def hear(self, message: Message) -> None:
        """A signal of a client: it exports something, or no more."""
        if message.interface != OBJECTS or (message.sender or "", message.path or "") not in self._roots:
            return
        path, what = message.body
        if message.member == "InterfacesAdded":
            self._exported(message.sender or "", path, what)
        elif message.member == "InterfacesRemoved" and MONITOR in what:
            self._drop((message.sender or "", path))

    def left(self, client: str) -> None:
        """A client has left the bus."""
        for root in [each for each in self._roots if each[0] == client]:
            self._unroot(root)

    @override
    def methods(self) -> Mapping[str, Method]:
        return {
            "RegisterMonitor": Method("o", "", self._register),
            "UnregisterMonitor": Method("o", "", self._unregister),
        }

    @override
    def properties(self) -> Properties:
        return {
            "SupportedMonitorTypes": Variant("as", ["or_patterns"]),
            "SupportedFeatures": Variant("as", []),
        }

    async def _register(self, call: Call) -> Answer:
        root = call.sender, call.body[0]
        if root in self._roots:
            raise already_exists()
        self._roots.add(root)
        self._daemon.match(_rule(root), on=True)
        self._daemon.run(self._look(root), "monitors")
        return NOTHING

    async def _unregister(self, call: Call) -> Answer:
        root = call.sender, call.body[0]
        if root not in self._roots:
            raise does_not_exist()
        self._unroot(root)
        return NOTHING

    async def _look(self, root: Place) -> None:
        """What a client has exported before it registered."""
        asked = Message(*root, OBJECTS, "GetManagedObjects")
        try:
            reply = await self._daemon.call(asked)
        except (TimeoutError, ConnectionError):
            return
        if reply.message_type is MessageType.METHOD_RETURN and root in self._roots:
            for path, interfaces in reply.body[0].items():
                self._exported(root[0], path, interfaces)

    def _exported(self, client: str, path: str, interfaces: Mapping[str, Any]) -> None:
        place = client, path
        if MONITOR not in interfaces or place in self._patterns:
            return
        told = unpack_variants(interfaces[MONITOR])
        patterns = [(int(start), int(kind), bytes(content)) for start, kind, content in told.get("Patterns", ())]
        fits = told.get("Type") == "or_patterns" and 0 < len(patterns) <= MOST_PATTERNS
        if not fits or len(self._patterns) >= MOST_MONITORS:
            self._tell(place, "Release")
        else:
            self._patterns[place], self._found[place] = patterns, set()
            self._tell(place, "Activate")

    def _unroot(self, root: Place) -> None:
        self._roots.discard(root)
        self._daemon.match(_rule(root), on=False)
        client, path = root
        for place in [each for each in self._patterns if each[0] == client and each[1].startswith(path)]:
            self._drop(place)

    def _drop(self, place: Place) -> None:
        self._patterns.pop(place, None)
        self._found.pop(place, None)

    def _tell(self, place: Place, member: str, signature: str = "", body: list[Any] | None = None) -> None:
        flags = MessageFlag.NO_REPLY_EXPECTED
        self._daemon.send(Message(*place, MONITOR, member, flags=flags, signature=signature, body=body or []))


def _matches(patterns: list[Pattern], entries: list[tuple[int, bytes]]) -> bool:
    return any(
        kind == type_ and data[start : start + len(content)] == content
        for start, kind, content in patterns
        for type_, data in entries
    )


def _rule(root: Place) -> str:
    return f"type='signal',sender='{root[0]}',interface='{OBJECTS}',path='{root[1]}'"
