"""From a call that comes in to the method that answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from dbus_fast import Message, MessageFlag
from dbus_fast.signature import Variant

from adapters.ble.simulator.bluez.errors import (
    UNKNOWN_INTERFACE,
    UNKNOWN_METHOD,
    UNKNOWN_OBJECT,
    UNKNOWN_PROPERTY,
    Refusal,
)
from adapters.ble.simulator.bluez.injections import Injections
from adapters.ble.simulator.bluez.introspection import introspected
from adapters.ble.simulator.bluez.objects import (
    INTROSPECTABLE,
    NOTHING,
    OBJECTS,
    PROPERTIES,
    Answer,
    Call,
    Interface,
    Method,
    Objects,
)

PREFIXES: Final = ("org.bluez.", "org.freedesktop.DBus.")
PEER: Final = "org.freedesktop.DBus.Peer"


class Router:
    """Answers calls, in the order of their arrival as far as none has to wait."""

    def __init__(self, objects: Objects, injections: Injections, send: Callable[[Message], None]) -> None:
        self._objects = objects
        self._injections = injections
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, message: Message) -> None:
        """Answer it, now or when its method is done."""
        self.run(self._answer(message), f"{message.interface}.{message.member}")

    def run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task that ends with this router at the latest."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Leave all that is under way unanswered."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, message: Message) -> None:
        try:
            answer = await self._called(message)
        except Refusal as refusal:
            self._reply(message, Message.new_error(message, refusal.name, refusal.text))
        else:
            reply = Message.new_method_return(message, answer.signature, list(answer.body), list(answer.fds))
            self._reply(message, reply)

    async def _called(self, message: Message) -> Answer:
        interface, member, path = message.interface or "", message.member or "", message.path or ""
        if (injection := self._injections.find(f"{_short(interface)}.{member}", path)) is not None:
            await injection.befall()
        standard = self._standard(interface, member, path)
        if standard is not None:
            return standard(self._interfaces(path), message)
        method = _method(self._interfaces(path), interface, member)
        if method is None or method.takes != message.signature:
            text = f'Method "{member}" with signature "{message.signature}" on interface "{interface}" doesn\'t exist\n'
            raise Refusal(UNKNOWN_METHOD, text)
        return await method.does(Call(message.sender or "", path, message.body))

    def _standard(
        self, interface: str, member: str, path: str
    ) -> Callable[[Mapping[str, Interface], Message], Answer] | None:
        if interface == OBJECTS and path == "/" and member == "GetManagedObjects":
            return lambda _interfaces, _message: Answer("a{oa{sa{sv}}}", (self._objects.managed(),))
        if interface == INTROSPECTABLE and member == "Introspect":
            return lambda interfaces, _message: Answer("s", (introspected(path, interfaces, self._objects),))
        return _STANDARD.get((interface, member))

    def _interfaces(self, path: str) -> Mapping[str, Interface]:
        interfaces = self._objects.get(path)
        if interfaces is not None:
            return interfaces
        if path == "/" or any(each.startswith(f"{path}/") for each in self._objects):
            return {}
        raise Refusal(UNKNOWN_OBJECT, f'Method call on "{path}": there is no such object\n')

    def _reply(self, message: Message, reply: Message) -> None:
        if not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            self._send(reply)


def _short(interface: str) -> str:
    """Device1 of org.bluez.Device1."""
    for prefix in PREFIXES:
        interface = interface.removeprefix(prefix)
    return interface


def _method(interfaces: Mapping[str, Interface], interface: str, member: str) -> Method | None:
    if interface:
        found = interfaces.get(interface)
        return None if found is None else found.methods().get(member)
    methods = (each.methods().get(member) for each in interfaces.values())
    return next((each for each in methods if each is not None), None)


def _of(interfaces: Mapping[str, Interface], name: str) -> Interface:
    if name not in interfaces:
        raise Refusal(UNKNOWN_INTERFACE, f"No such interface '{name}'")
    return interfaces[name]


def _ping(_interfaces: Mapping[str, Interface], _message: Message) -> Answer:
    return NOTHING


def _get_all(interfaces: Mapping[str, Interface], message: Message) -> Answer:
    return Answer("a{sv}", (_of(interfaces, message.body[0]).properties(),))


def _get(interfaces: Mapping[str, Interface], message: Message) -> Answer:
    interface, name = message.body
    properties = _of(interfaces, interface).properties()
    if name not in properties:
        raise Refusal(UNKNOWN_PROPERTY, f"No such property '{name}'")
    return Answer("v", (properties[name],))


def _set(interfaces: Mapping[str, Interface], message: Message) -> Answer:
    interface, name, value = message.body
    assert isinstance(value, Variant)
    found = _of(interfaces, interface)
    if name not in found.properties():
        raise Refusal(UNKNOWN_PROPERTY, f"No such property '{name}'")
    found.put(name, value.value)
    return NOTHING


_STANDARD: Final = {
    (PEER, "Ping"): _ping,
    (PROPERTIES, "GetAll"): _get_all,
    (PROPERTIES, "Get"): _get,
    (PROPERTIES, "Set"): _set,
}
