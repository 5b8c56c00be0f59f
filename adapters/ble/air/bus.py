"""A D-Bus connection of our own, beside bleak's: bounded calls, and the signals that say what became of BlueZ."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bleak.exc import BleakDBusError
from dbus_fast import BusType, Message, MessageType, unpack_variants
from dbus_fast.aio import MessageBus
from dbus_fast.auth import AuthExternal

from adapters.ble.air.errors import FOREIGN

CALL_S = 5.0
"""For one call: BlueZ answers those that no radio takes part in at once."""
CONNECT_S = 5.0
CLOSE_S = 1.0
"""For D-Bus to notice that we have gone; what is open is closed anyway."""

DAEMON = "org.freedesktop.DBus"
BLUEZ = "org.bluez"

Hear = Callable[[Message], None]
"""Takes a signal; returns at once."""


class Bus:
    """Open until closed, or until the daemon ends it: `ended` is done then."""

    def __init__(self, connection: MessageBus) -> None:
        self.connection = connection
        self.ended = asyncio.create_task(_end_of(connection), name="ble-bus")

    @classmethod
    async def opened(cls, address: str) -> Bus:
        """Connected; raises one of FOREIGN."""
        connection = MessageBus(bus_address=address, bus_type=BusType.SYSTEM, auth=_own_auth())
        async with asyncio.timeout(CONNECT_S):
            await connection.connect()
        return cls(connection)

    async def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *body: Any,
        to: str = BLUEZ,
        timeout_s: float | None = None,
    ) -> list[Any]:
        """What comes back, its variants unpacked; raises one of FOREIGN."""
        if not self.connection.connected:
            raise EOFError
        message = Message(to, path, interface, member, signature=signature, body=list(body))
        async with asyncio.timeout(timeout_s or CALL_S):
            reply: Message | None = await self.connection.call(message)
        if reply is None:
            raise EOFError
        if reply.message_type is MessageType.ERROR:
            raise BleakDBusError(reply.error_name or "", reply.body)
        unpacked: list[Any] = unpack_variants(reply.body)
        return unpacked

    async def watch(self, hear: Hear, *rules: str) -> None:
        """Hear signals that fit one of the rules; raises one of FOREIGN."""

        def take(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL:
                hear(message)

        self.connection.add_message_handler(take)
        for rule in rules:
            await self.call("/org/freedesktop/DBus", DAEMON, "AddMatch", "s", f"type='signal',{rule}", to=DAEMON)

    async def close(self) -> None:
        """Whatever state it is in."""
        self.connection.disconnect()
        with suppress(*FOREIGN):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(self.ended)
        self.ended.cancel()
        await asyncio.gather(self.ended, return_exceptions=True)


async def _end_of(connection: MessageBus) -> None:
    with suppress(Exception):  # how it ended is nobody's business: that it did is
        await connection.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus-fast leaves it so


def _own_auth() -> AuthExternal | None:
    """As somebody else where bleak, too, is told to: in a container, whose users the host does not know."""
    uid = os.environ.get("BLEAK_DBUS_AUTH_UID", "")
    return AuthExternal(uid=int(uid)) if uid.isdigit() else None
