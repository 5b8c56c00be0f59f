"""What a command writes over a connection, and whether it is there then."""

from __future__ import annotations

import asyncio

from adapters.ble.config import Attribute, WriteMode
from adapters.ble.gatt.attributes import called
from adapters.ble.gatt.checks import Bundle, Writing
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.outcome import TOO_LATE, refused, unsure
from adapters.ble.gatt.puts import Unfitting, merged
from adapters.ble.gatt.trouble import Trouble
from adapters.ble.gatt.values import Contents
from gateway.adapter import Wrote
from gateway.model import Bad, BadReason, Result, ResultStatus, Value
from gateway.values import near


class Writer:
    """Nothing is sent after `deadline_s`, on the loop's clock. Trouble means that nothing was sent, as it is no use."""

    def __init__(self, connection: Connection, deadline_s: float, wrote: Wrote) -> None:
        self._connection = connection
        self._deadline_s = deadline_s
        self._wrote = wrote
        self.is_sent = False
        """Whether what is written last has gone out."""
        self._loop = asyncio.get_running_loop()

    async def write(self, bundle: Bundle) -> Result:
        """All of these points at once, and what is read back of them."""
        attribute = bundle.attribute
        try:
            found = await self._connection.read(attribute) if bundle.needs else None
            data = merged([writing.put for writing in bundle.writings], found)
        except Unfitting as error:
            return _unwritten(str(error))
        except Trouble as trouble:
            if not trouble.is_ours:
                raise
            return _unwritten(f"what stands beside it in {called(attribute)} can't be known: {trouble}")
        return await self.send(attribute, data, bundle.mode) or await self._compared(bundle)

    async def send(self, attribute: Attribute, data: bytes, mode: WriteMode) -> Result | None:
        """None: it was accepted."""
        left_s = self._deadline_s - self._loop.time()
        if left_s <= 0:
            return TOO_LATE
        self.is_sent = False
        try:
            await self._connection.write(attribute, data, mode, self._sent, left_s)
        except Trouble as trouble:
            if trouble.is_ours:
                return refused(trouble)
            if not self.is_sent:
                raise
            return unsure(trouble)
        return None

    def _sent(self, data: bytes) -> None:
        self.is_sent = True
        self._wrote(data)

    async def _compared(self, bundle: Bundle) -> Result:
        """What was written against what the device says now."""
        wanted = bundle.to_read_back
        if not wanted:
            return Result(ResultStatus.DONE, values=bundle.values)
        contents = Contents({writing.name: writing.point for writing in wanted})
        try:
            reading = contents.read(await self._connection.read(bundle.attribute))
        except Trouble as trouble:
            names = ", ".join(writing.name for writing in wanted)
            detail = f"{names} was written, but not read back: {trouble}"
            return Result(ResultStatus.UNKNOWN, reason="not-verified", detail=detail)
        for writing, found in zip(wanted, reading.values, strict=True):
            if not near(writing.put.value, found, _tolerance(writing)):
                return _differing(writing, found, reading.bad.get(writing.name))
        return Result(ResultStatus.DONE, values=bundle.values)


def _tolerance(writing: Writing) -> float:
    read_back = writing.point.read_back
    return max(read_back.tolerance if read_back is not None else 0.0, writing.put.step / 2)


def _differing(writing: Writing, found: Value | None, bad: Bad | None) -> Result:
    name = writing.name
    said = bad.value if bad is not None else found
    detail = f"{name}: {writing.put.value} was written and accepted, but {said} was read back"
    values = {} if found is None else {name: found}
    return Result(ResultStatus.FAILED, values, {} if bad is None else {name: bad}, "read-back-differs", detail)


def _unwritten(why: str) -> Result:
    return Result(ResultStatus.FAILED, reason=BadReason.DEVICE_ERROR, detail=f"nothing was written: {why}")
