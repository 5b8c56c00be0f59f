"""Reading and writing over a link, as characteristics and descriptors have it in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dbus_fast import unpack_variants

from adapters.ble.simulator.bluez.errors import INVALID_LENGTH, AttError, att_refusal, failed, in_progress
from adapters.ble.simulator.bluez.link import unheard
from adapters.ble.simulator.bluez.objects import Call
from adapters.ble.simulator.bluez.peripheral import SEALED_READ, SEALED_WRITE, read, write

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.device import Device
    from adapters.ble.simulator.bluez.link import Link

LONGEST: Final = 512
"""Bytes of a value (Core Specification, Vol 3, Part F, 3.2.9)."""
INVALID_OFFSET: Final = 0x07


class Attribute:
    """One that BlueZ knows by its handle."""

    def __init__(self, device: Device, handle: int) -> None:
        self._device = device
        self._handle = handle
        self._reading = False
        self._writing = False

    @property
    def link(self) -> Link:
        """The connection that it is asked over; Refusal without one."""
        if self._device.link is None:
            raise failed("Not connected")
        return self._device.link

    async def read(self, call: Call) -> bytes:
        """From the device; one at a time."""
        if self._reading:
            raise in_progress()
        offset = int(options(call, 0).get("offset", 0))
        self._reading = True
        try:
            value = await self.link.ask(self._read)
        finally:
            self._reading = False
        if offset > len(value):
            raise att_refusal(INVALID_OFFSET)
        return value[offset:]

    async def request(self, data: bytes) -> None:
        """Write, and wait for the device to say that it has it; one at a time."""
        if self._writing:
            raise in_progress()
        self._writing = True
        try:
            await self.link.ask(lambda: self._write(data, "write"))
        finally:
            self._writing = False

    def command(self, data: bytes, mtu: int) -> None:
        """Write, and never learn what came of it."""
        link = self.link
        if len(data) > mtu - 3:
            raise failed("Failed to initiate write")
        work = unheard(link.ask(lambda: self._write(data, "write-without-response")))
        self._device.adapter.daemon.run(work, "write command")

    async def _read(self) -> bytes:
        attribute = self.link.at(self._handle)
        if SEALED_READ & set(attribute.flags):
            await self._device.seal()
        return (await read(attribute))[:LONGEST]

    async def _write(self, data: bytes, flag: str) -> None:
        if len(data) > LONGEST:
            raise AttError(INVALID_LENGTH)
        attribute = self.link.at(self._handle)
        if SEALED_WRITE & set(attribute.flags):
            await self._device.seal()
        await write(attribute, data, flag)


def options(call: Call, at: int) -> Mapping[str, Any]:
    """Those that are argument number `at` of a call."""
    given: dict[str, Any] = unpack_variants(call.body[at])
    return given
