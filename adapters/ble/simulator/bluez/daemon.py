"""One life of bluetoothd, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, NamedTuple

from dbus_fast import Message, MessageType

from adapters.ble.simulator.bluez.adapter import Adapter
from adapters.ble.simulator.bluez.agent import PATH, Agents
from adapters.ble.simulator.bluez.injections import Injections
from adapters.ble.simulator.bluez.objects import Objects
from adapters.ble.simulator.bluez.radio import Radio
from adapters.ble.simulator.bluez.router import Router
from adapters.ble.simulator.bluez.wire import Wire

NAME: Final = "org.bluez"
CLIENTS_LEAVE: Final = (
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''"
)
MOST_WAITING: Final = 10_000
"""Messages: some 20 s of a busy radio, and 10 MB."""
LAST_WORDS_S: Final = 1.0
"""For what is still to be told when it stops."""


class Settings(NamedTuple):
    """How this BlueZ is set up. `experimental`: as `bluetoothd --experimental`, without which nobody scans passively.

    `temporary_s`: how long a device is known after it was last heard (main.conf, TemporaryTimeout).
    """

    experimental: bool = True
    temporary_s: float = 30.0


class Daemon:
    """A process, as it were: what it knows goes with it, but for what radios keep."""

    def __init__(self, address: str, settings: Settings, injections: Injections) -> None:
        self.settings = settings
        self._wire = Wire(address, self._hear)
        self.objects = Objects(self._wire.send)
        self._router = Router(self.objects, injections, self._wire.send)
        self._adapters: dict[Radio, Adapter] = {}
        self.agents = Agents(self._wire.call)
        self.send = self._wire.send
        self.call = self._wire.call
        self.match = self._wire.match

    async def begin(self, radios: Iterable[Radio]) -> None:
        """Be there with these radios."""
        await self._wire.open(NAME, CLIENTS_LEAVE)
        self.objects.add(PATH, self.agents)
        for radio in radios:
            self.find(radio)

    def find(self, radio: Radio) -> None:
        """A radio has come."""
        radio.adapter = self._adapters[radio] = Adapter(self, radio)

    def miss(self, radio: Radio) -> None:
        """A radio has gone."""
        radio.adapter = None
        self._adapters.pop(radio).close()

    async def end(self, *, gently: bool) -> None:
        """Be gone: tell all before, or nothing."""
        if gently:
            for radio in [*self._adapters]:
                self.miss(radio)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._wire.drained()
        for radio, adapter in self._adapters.items():
            radio.adapter = None
            adapter.end()
        await self._wire.close()
        await self._router.end()

    @property
    def crowded(self) -> bool:
        """Whether the bus is so far behind that a radio had better drop what it hears."""
        return self._wire.backlog >= MOST_WAITING

    def run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task that ends with it at the latest."""
        return self._router.run(work, name)

    def soon(self, does: Callable[..., object], *arguments: object) -> None:
        """When the call that is being answered has been."""
        asyncio.get_running_loop().call_soon(does, *arguments)

    def _hear(self, message: Message) -> None:
        if message.message_type is MessageType.METHOD_CALL:
            self._router.take(message)
        elif message.member == "NameOwnerChanged":
            self.agents.left(message.body[0])
            for adapter in self._adapters.values():
                adapter.left(message.body[0])
        else:
            for adapter in self._adapters.values():
                adapter.monitors.hear(message)
