"""A device that is connected: reads, writes and notifications, each with a bound and in words."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTServiceCollection

from adapters.ble.air import seam
from adapters.ble.air.errors import FOREIGN, IN_PROGRESS, code_of
from adapters.ble.air.leaving import patience_s
from adapters.ble.air.tapping import Tapping
from adapters.ble.config import Attribute, Gatt, WriteMode
from adapters.ble.gatt.attributes import called, characteristic, descriptor
from adapters.ble.gatt.checks import MAX_VALUE
from adapters.ble.gatt.echo import Echo, Hear
from adapters.ble.gatt.edge import of_asking
from adapters.ble.gatt.exchange import Exchange, What, Write
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.gatt.within import HEARSAY_S, within
from adapters.ble.gatt.words import LOST_CODE
from gateway.adapter import Wrote

T = TypeVar("T")
DISCONNECT_S = 5.0
"""For BlueZ to end a connection; after that ours to it is closed all the same."""
BUSY_S = (0.1, 0.25, 1.0)
"""Pauses where BlueZ is still about something else with the characteristic."""


class Connection:
    """Of one device, until it is `lost` or closed; one thing at a time is asked of it."""

    def __init__(self, client: BleakClient, gatt: Gatt, lost: asyncio.Future[None], tapping: Tapping) -> None:
        self.lost = lost
        """Done when it went down by itself."""
        self._client = client
        self._exchange = Exchange(client, tapping)
        self._is_spent = False
        self._timeout_s = gatt.timeout
        self._pairs = gatt.pairs
        self._echoes: dict[Attribute, Echo] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def is_up(self) -> bool:
        """As far as anybody knows; what has not answered once has to be connected anew: its answer may yet come."""
        is_there = not self._is_spent and not self.lost.done() and self._client.is_connected
        return is_there and seam.is_open(self._client)

    def missing(self, attributes: Iterable[Attribute]) -> dict[Attribute, Trouble]:
        """Those that it does not have."""
        found: dict[Attribute, Trouble] = {}
        for attribute in attributes:
            try:
                self._found(attribute)
            except Trouble as trouble:
                found[attribute] = trouble
        return found

    def can_read(self, attribute: Attribute) -> bool:
        """Whether it says so; raises Trouble, MISSING."""
        return attribute.descriptor is not None or "read" in self._characteristic(attribute).properties

    async def read(self, attribute: Attribute) -> bytes:
        """All of it, however long; raises Trouble."""
        what, echo = self._found(attribute), self._echoes.get(attribute)
        if echo is None:
            return await self._asked(self._exchange.read(what), "read")
        with echo.caught():
            data = await self._asked(self._exchange.read(what), "read")
            echo.expect(data)
        return data

    @property
    def offers(self) -> BleakGATTServiceCollection:
        """All that the device has; raises Trouble."""
        services: BleakGATTServiceCollection = self._services
        return services

    async def read_there(self, what: What) -> bytes:
        """Something of these, named by its handle rather than its UUID, which several may have; raises Trouble."""
        if not isinstance(what, BleakGATTDescriptor):
            told = next((each for each in self._echoes if self._characteristic(each).handle == what.handle), None)
            if told is not None:
                return await self.read(told)
        return await self._asked(self._exchange.read(what), "read")

    def writing(self, attribute: Attribute, data: bytes, mode: WriteMode) -> Write:
        """How it is written, if it can be; raises Trouble before anything is sent."""
        if len(data) > MAX_VALUE:
            raise Trouble(Why.UNFIT, f"{len(data)} bytes are more than the {MAX_VALUE} that a characteristic can have")
        if attribute.descriptor is not None:
            return Write(descriptor(self._services, attribute), data)
        where = self._characteristic(attribute)
        response = _response(where, mode, attribute)
        if not response and len(data) > where.max_write_without_response_size:
            most = where.max_write_without_response_size
            raise Trouble(Why.UNFIT, f"{len(data)} bytes are more than the {most} that go without response")
        return Write(where, data, response)

    async def write(
        self, attribute: Attribute, data: bytes, mode: WriteMode, wrote: Wrote, within_s: float = math.inf
    ) -> None:
        """`wrote` is told at the moment it goes out; raises Trouble, before that where nothing is sent.

        `within_s`: later it is not tried any more, as bleak does while BlueZ says that it is busy.
        """
        write = self.writing(attribute, data, mode)
        if not self.is_up:
            raise Trouble(Why.LOST, "the connection went down")
        wrote(self._exchange.frame(write))
        await self._asked(self._exchange.write(write), "write", within_s)

    async def listen(self, attribute: Attribute, tell: Hear) -> bool:
        """Have it told from now on, by notification or indication; whether others are, too. Raises Trouble."""
        echo = self._echoes.get(attribute)
        if echo is not None:
            echo.tells.append(tell)
            return True
        where = self._characteristic(attribute)
        if not {"notify", "indicate"}.intersection(where.properties):
            offered = ", ".join(where.properties) or "nothing"
            raise Trouble(Why.REFUSED, f"{called(attribute)} can't be notified: it offers only {offered}")
        echo = self._echoes[attribute] = Echo(tell, self._loop.time, self._exchange.seen(where))
        try:
            await self._begin(where, echo)
        except BaseException:
            del self._echoes[attribute]
            raise
        return False

    def give_up(self) -> None:
        """An answer may yet come that nobody waits for any more, and that nothing else must be taken for."""
        self._is_spent = True

    async def quit(self, attribute: Attribute, tell: Hear) -> None:
        """Have it told no more; where that fails the connection is of no use any more."""
        echo = self._echoes[attribute]
        echo.tells.remove(tell)
        if echo.tells or not self.is_up:
            return
        del self._echoes[attribute]
        try:
            await self._asked(self._client.stop_notify(self._characteristic(attribute)), "notify")
        except Trouble:
            self._is_spent = True

    async def _begin(self, where: BleakGATTCharacteristic, echo: Echo) -> None:
        for pause_s in (*BUSY_S, 0.0):
            try:
                await self._asked(self._client.start_notify(where, echo.hear), "notify")
            except Trouble as trouble:
                if not pause_s or trouble.__cause__ is None or code_of(trouble.__cause__) != IN_PROGRESS:
                    raise
                await asyncio.sleep(pause_s)
            else:
                break

    async def close(self) -> None:
        """Whatever state it is in; also after the device has ended it, lest D-Bus keeps our end of it open."""
        await closed(self._client)

    @property
    def _services(self) -> Any:
        try:
            return self._client.services
        except FOREIGN as error:
            raise Trouble(Why.LOST, "the connection went down") from error

    def _characteristic(self, attribute: Attribute) -> BleakGATTCharacteristic:
        return characteristic(self._services, attribute)

    def _found(self, attribute: Attribute) -> What:
        if attribute.descriptor is not None:
            return descriptor(self._services, attribute)
        return self._characteristic(attribute)

    async def _asked(self, work: Coroutine[Any, Any, T], name: str, within_s: float = math.inf) -> T:
        """What comes of it, unless the connection goes down first."""
        try:
            return await within(min(self._timeout_s, within_s), work, f"ble-{name}", self.lost)
        except FOREIGN as error:
            trouble = of_asking(error, pairs=self._pairs)
            self._is_spent = self._is_spent or trouble.why is Why.TIMEOUT
            if trouble.code == LOST_CODE and await self._went_down():
                trouble = Trouble(Why.LOST, "the connection went down")
            raise trouble from error

    async def _went_down(self) -> bool:
        await asyncio.wait((self.lost,), timeout=HEARSAY_S)
        return not self.is_up


async def closed(client: BleakClient) -> None:
    """Disconnect, however that goes: bleak lets go of its D-Bus connection in any case."""
    with suppress(*FOREIGN):  # BlueZ is away, or does not know the device any more
        ending = client.disconnect() if seam.is_open(client) else seam.abandon(client)
        await within(patience_s(DISCONNECT_S), ending, "ble-disconnect")


def _response(where: BleakGATTCharacteristic, mode: WriteMode, attribute: Attribute) -> bool:
    if mode != "auto":
        return mode == "with-response"
    if "write" in where.properties:
        return True
    if "write-without-response" in where.properties:
        return False
    offered = ", ".join(where.properties) or "nothing"
    raise Trouble(Why.UNFIT, f"{called(attribute)} can't be written: it offers only {offered}")
