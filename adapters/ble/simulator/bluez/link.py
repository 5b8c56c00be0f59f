"""A connection to a peripheral: its attributes are asked one at a time, and all that waits fails with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from typing_extensions import override

from adapters.ble.simulator.bluez.errors import UNLIKELY, AttError, Refusal, att_refusal
from adapters.ble.simulator.bluez.peripheral import Characteristic, Descriptor, Linked, Peripheral, attributes

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.device import Device

TRANSACTION_S: Final = 30.0
"""A device that is silent for so long is given up (Core Specification, Vol 3, Part F, 3.3.3)."""
INVALID_HANDLE: Final = 0x01

Result = TypeVar("Result")


class Link(Linked):
    """From its beginning to its loss."""

    def __init__(self, device: Device, peripheral: Peripheral) -> None:
        self._device = device
        self.peripheral = peripheral
        self.resolved = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turn = asyncio.Lock()
        peripheral.link = self

    def at(self, handle: int) -> Characteristic | Descriptor:
        """What the peripheral has there now, whatever BlueZ remembers of it; AttError."""
        for attribute in attributes(self.peripheral.services):
            if attribute.handle == handle:
                return attribute
        raise AttError(INVALID_HANDLE)

    async def ask(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Do this in its turn; Refusal where the peripheral says no, or the link is lost meanwhile."""
        task = asyncio.create_task(self._in_turn(work), name="attribute")
        first: tuple[asyncio.Future[Any], ...] = (task, self.lost)
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
        raise att_refusal(UNLIKELY)

    def end(self) -> None:
        """It is lost, and told to be; those that wait learn of it."""
        self.peripheral.link = None
        if not self.lost.done():
            self.lost.set_result(None)

    @override
    def tell(self, characteristic: Characteristic, data: bytes) -> bool:
        return self._device.notified(characteristic.handle, data)

    @override
    def lose(self) -> None:
        self._device.lose()

    async def _in_turn(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        async with self._turn:
            try:
                async with asyncio.timeout(TRANSACTION_S):
                    return await work()
            except AttError as error:
                raise att_refusal(error.code) from None
            except TimeoutError:
                self._device.lose()
                raise att_refusal(UNLIKELY) from None


async def unheard(work: Coroutine[Any, Any, object]) -> None:
    """Something that nobody waits for."""
    try:
        await work
    except Refusal:
        return
