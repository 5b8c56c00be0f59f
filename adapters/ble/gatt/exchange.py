"""What is asked of a connected device, what it answers and tells: all of it as it goes is shown to who looks on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.exc import BleakGATTProtocolError

from adapters.ble.air.att import Op, att, att_error
from adapters.ble.air.tapping import Tapping
from adapters.ble.gatt.echo import Hear
from gateway.adapter import Direction

What = BleakGATTCharacteristic | BleakGATTDescriptor


class Write(NamedTuple):
    """How something is written; a descriptor always with response."""

    what: What
    data: bytes
    response: bool = True


class Exchange:
    """With one device; raises what bleak does."""

    def __init__(self, client: BleakClient, tapping: Tapping) -> None:
        self._client = client
        self._tapping = tapping

    async def read(self, what: What) -> bytes:
        """All of it, however long."""
        handle = handle_of(what)
        self._show("tx", Op.READ, handle)
        with self._refusal_of(Op.READ, handle):
            if isinstance(what, BleakGATTDescriptor):
                data = bytes(await self._client.read_gatt_descriptor(what))
            else:
                data = bytes(await self._client.read_gatt_char(what))
        self._show("rx", Op.READ_ANSWER, data=data)
        return data

    def frame(self, write: Write) -> bytes:
        """As it goes out."""
        op = Op.WRITE if write.response else Op.WRITE_COMMAND
        return att(self._client.address, op, handle_of(write.what), write.data)

    async def write(self, write: Write) -> None:
        """To its response, if there is one."""
        self._tapping.show("tx", self.frame(write))
        with self._refusal_of(Op.WRITE, handle_of(write.what)):
            if isinstance(write.what, BleakGATTDescriptor):
                await self._client.write_gatt_descriptor(write.what, write.data)
            else:
                await self._client.write_gatt_char(write.what, write.data, write.response)
        if write.response:
            self._show("rx", Op.WRITE_ANSWER)

    def seen(self, where: BleakGATTCharacteristic) -> Hear:
        """Takes what the device tells there."""
        handle = handle_of(where)
        op = Op.NOTIFIED if "notify" in where.properties else Op.INDICATED  # BlueZ takes the first of these
        return lambda data: self._show("rx", op, handle, data)

    @contextmanager
    def _refusal_of(self, asked: Op, handle: int) -> Iterator[None]:
        try:
            yield
        except BleakGATTProtocolError as error:
            if self._tapping.tap is not None:
                self._tapping.show("rx", att_error(self._client.address, asked, handle, int(error.code)))
            raise

    def _show(self, direction: Direction, op: Op, handle: int | None = None, data: bytes = b"") -> None:
        if self._tapping.tap is not None:
            self._tapping.show(direction, att(self._client.address, op, handle, data))


def handle_of(what: What) -> int:
    """Of a descriptor, or a characteristic's value: BlueZ names it by its declaration, which the value follows.

    (Core Specification 6.0, Vol 3, Part G, 3.3.2.)
    """
    return what.handle if isinstance(what, BleakGATTDescriptor) else what.handle + 1
