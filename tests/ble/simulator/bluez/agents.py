"""Agents that answer for a person, as a program would export them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

PATH = "/test/agent"


class TestAgent(ServiceInterface):
    """`passkey`: what it types, None to refuse; `asked`: what for."""

    __test__ = False

    def __init__(self, passkey: int | None) -> None:
        super().__init__("org.bluez.Agent1")
        self._passkey = passkey
        self.asked: list[str] = []

    @dbus_method(name="Release")
    def release(self) -> None: ...

    @dbus_method(name="Cancel")
    def cancel(self) -> None: ...

    @dbus_method(name="RequestPasskey")
    def request_passkey(self, device: DBusObjectPath) -> DBusUInt32:
        self.asked.append(f"passkey {device}")
        if self._passkey is None:
            raise DBusError("org.bluez.Error.Rejected", "no")
        return self._passkey

    @dbus_method(name="DisplayPasskey")
    def display_passkey(self, device: DBusObjectPath, passkey: DBusUInt32, entered: DBusUInt16) -> None: ...

    @dbus_method(name="RequestAuthorization")
    def request_authorization(self, device: DBusObjectPath) -> None:
        self.asked.append(f"authorization {device}")

    @dbus_method(name="AuthorizeService")
    def authorize_service(self, device: DBusObjectPath, uuid: DBusStr) -> None: ...


@asynccontextmanager
async def agent(capability: str, passkey: int | None = None) -> AsyncIterator[TestAgent]:
    """The default agent while the context lasts."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    exported = TestAgent(passkey)
    bus.export(PATH, exported)
    await _ask(bus, "RegisterAgent", "os", PATH, capability)
    await _ask(bus, "RequestDefaultAgent", "o", PATH)
    try:
        yield exported
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def _ask(bus: MessageBus, member: str, signature: str, *body: str) -> None:
    asked = Message("org.bluez", "/org/bluez", "org.bluez.AgentManager1", member, signature=signature, body=[*body])
    reply = await bus.call(asked)
    assert reply.message_type is MessageType.METHOD_RETURN, reply.body
