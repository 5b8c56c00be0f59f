"""Who is asked when a device wants to pair: org.bluez.AgentManager1, and the agents it knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from dbus_fast import Message, MessageType
from typing_extensions import override

from adapters.ble.simulator.bluez.errors import (
    BLUEZ,
    already_exists,
    authentication_canceled,
    authentication_failed,
    does_not_exist,
    invalid_arguments,
)
from adapters.ble.simulator.bluez.objects import NOTHING, Answer, Interface, Method
from adapters.ble.simulator.bluez.objects import Call as Called

PATH: Final = "/org/bluez"
AGENT: Final = "org.bluez.Agent1"
TYPES: Final = frozenset({"KeyboardOnly", "KeyboardDisplay"})
"""Capabilities that let a person type what a device shows."""
CAPABILITIES: Final = TYPES | {"", "DisplayOnly", "DisplayYesNo", "NoInputNoOutput"}

Ask = Callable[[Message], Awaitable[Message]]


class Agent(NamedTuple):
    """A client's object that answers for a person."""

    client: str
    path: str
    types: bool
    """Whether it can tell a passkey."""
    call: Ask

    async def passkey(self, device: str) -> int:
        """What the device shows; Refusal."""
        return int((await self._ask("RequestPasskey", device))[0])

    async def authorize(self, device: str) -> None:
        """Return if pairing is wanted; Refusal."""
        await self._ask("RequestAuthorization", device)

    async def _ask(self, member: str, device: str) -> list[Any]:
        asked = Message(self.client, self.path, AGENT, member, signature="o", body=[device])
        try:
            reply = await self.call(asked)
        except (TimeoutError, ConnectionError):
            raise authentication_failed() from None
        if reply.message_type is MessageType.ERROR:
            canceled = reply.error_name == f"{BLUEZ}Canceled"
            raise authentication_canceled() if canceled else authentication_failed()
        body: list[Any] = reply.body
        return body


class Agents(Interface):
    """By client; the first one is the default until another asks to be."""

    name: ClassVar[str] = "org.bluez.AgentManager1"

    def __init__(self, call: Ask) -> None:
        self._call = call
        self._all: dict[str, Agent] = {}
        self._default: str | None = None

    def of(self, client: str | None) -> Agent | None:
        """Who answers for a client that wants to pair; without one, or if it has none: the default."""
        return self._all.get(client or "") or self._all.get(self._default or "")

    def left(self, client: str) -> None:
        """A client has left the bus."""
        self._all.pop(client, None)
        if self._default == client:
            self._default = next(iter(self._all), None)

    @override
    def methods(self) -> Mapping[str, Method]:
        return {
            "RegisterAgent": Method("os", "", self._register),
            "UnregisterAgent": Method("o", "", self._unregister),
            "RequestDefaultAgent": Method("o", "", self._make_default),
        }

    async def _register(self, call: Called) -> Answer:
        path, capability = call.body
        if call.sender in self._all:
            raise already_exists()
        if capability not in CAPABILITIES:
            raise invalid_arguments()
        self._all[call.sender] = Agent(call.sender, path, capability in TYPES or not capability, self._call)
        self._default = self._default or call.sender
        return NOTHING

    async def _unregister(self, call: Called) -> Answer:
        self._must_be(call)
        self.left(call.sender)
        return NOTHING

    async def _make_default(self, call: Called) -> Answer:
        self._must_be(call)
        self._default = call.sender
        return NOTHING

    def _must_be(self, call: Called) -> None:
        agent = self._all.get(call.sender)
        if agent is None or agent.path != call.body[0]:
            raise does_not_exist()
