"""How one device is connected to: with the newest that is known of it, with pauses between tries, one at a time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import NamedTuple

from bleak import BleakClient
from bleak.backends.device import BLEDevice

from adapters.ble.air.errors import FOREIGN
from adapters.ble.config import Gatt
from adapters.ble.gatt.connection import Connection, closed
from adapters.ble.gatt.edge import of_connecting
from adapters.ble.gatt.room import Room
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.gatt.within import GRACE_S, within

PAUSES_S = (0.1, 0.25, 1.0, 4.0)
"""Between tries: most failures are interference, which is over at once; the last one for what takes longer."""
SEEK_S = 10.0
"""For a device to be heard again that BlueZ has forgotten: slow ones advertise each few seconds."""
YIELD_S = 5.0
"""Who is known not to answer is tried no longer where others wait: one that advertises each second takes less."""
ENOUGH_S = 45.0
"""No try is begun that may take all of them longer: within a minute it is known that a device can't be had."""
HOPELESS = frozenset({Why.PAIRING, Why.OUT_OF_RANGE})
"""What another try does not mend, or makes worse: devices lock themselves after wrong passkeys."""


class Manner(NamedTuple):
    """How often it is tried; `after_s`: when its turn is, beside others; `gives_way`: others need not wait long."""

    attempts: int
    after_s: float = 0.0
    gives_way: bool = False


class Connecting:
    """Of one device."""

    def __init__(self, name: str, gatt: Gatt, room: Room) -> None:
        self.is_trying = False
        """Whether the device has had its chance to take a connection, and has not taken it yet."""
        self.tries = 0
        self.cost_s = 0.0
        """What they have taken of the radio's time to connect, all of them."""
        self._name = name
        self._gatt = gatt
        self._room = room
        self._loop = asyncio.get_running_loop()

    async def connected(self, found: BLEDevice, manner: Manner) -> Connection:
        """Its services known; the caller closes it. Raises Trouble once all tries have failed."""
        try:
            return await self._attempted(found, manner)
        finally:
            self.is_trying = False

    async def _attempted(self, found: BLEDevice, manner: Manner) -> Connection:
        device: BLEDevice | None = found
        for number in range(manner.attempts):
            try:
                return await self._tried(device or await self._anew(found.address), manner)
            except Trouble as trouble:
                if trouble.why in HOPELESS or number + 1 == manner.attempts or self._is_enough:
                    raise
                device = None if trouble.why is Why.FORGOTTEN else self._room.radio.device(found.address) or device
            await asyncio.sleep(PAUSES_S[min(number, len(PAUSES_S) - 1)])
        raise AssertionError("there is at least one attempt")

    @property
    def _is_enough(self) -> bool:
        return self.cost_s + self._room.link.connect_timeout > ENOUGH_S

    async def _anew(self, address: str) -> BLEDevice:
        device = await self._room.heard_anew(address, SEEK_S)
        if device is None:
            raise Trouble(Why.OUT_OF_RANGE, f"it has not been heard for {SEEK_S:g} s: is it on, and near enough?")
        return device

    async def _tried(self, device: BLEDevice, manner: Manner) -> Connection:
        """Once; whatever was begun is ended where it fails."""
        lost: asyncio.Future[None] = self._loop.create_future()
        is_up = False

        def gone(_client: BleakClient) -> None:
            if is_up and not lost.done():  # bleak tries again by itself where BlueZ aborts, which looks the same
                lost.set_result(None)

        limit_s = self._room.link.connect_timeout
        client = BleakClient(device, gone, timeout=limit_s, pair=self._gatt.pairs)
        try:
            async with AsyncExitStack() as stack:
                turn = _Turn(self._loop, gives_way=manner.gives_way)
                seat = self._room.connecting.seat(self._name, turn.ask, after_s=manner.after_s)
                await stack.enter_async_context(seat)
                turn.begin()
                if self._room.link.pause_scan:
                    await stack.enter_async_context(self._room.radio.scanner.paused())
                self.tries += 1
                self.is_trying = True
                try:
                    await within(limit_s + GRACE_S, client.connect(), "ble-connect", turn.over)
                except FOREIGN:
                    if turn.over.done():
                        raise TimeoutError from None
                    raise
                finally:
                    self.cost_s += turn.end()
            if not client.is_connected:
                raise Trouble(Why.UNREACHABLE, "the connection went down as soon as it was there")
            is_up = True
            return Connection(client, self._gatt, lost, self._room.tapping)
        except FOREIGN as error:
            raise of_connecting(error) from error
        finally:
            if not is_up:
                await closed(client)


class _Turn:
    """A try to connect that may have to give way; `over` is done then."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, gives_way: bool) -> None:
        self.over: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._gives_way = gives_way
        self._begun_s: float | None = None
        self._is_asked = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """From now on it takes time."""
        self._begun_s = self._loop.time()
        self._limit()

    def ask(self) -> None:
        """Somebody else waits."""
        self._is_asked = True
        self._limit()

    def end(self) -> float:
        """How long it took, in seconds."""
        if self._timer is not None:
            self._timer.cancel()
        return self._loop.time() - (self._begun_s or self._loop.time())

    def _limit(self) -> None:
        if self._gives_way and self._is_asked and self._begun_s is not None and self._timer is None:
            self._timer = self._loop.call_at(self._begun_s + YIELD_S, self.over.set_result, None)
