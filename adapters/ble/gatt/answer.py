"""A named command: it is written, and what the device answers decides what has come of it."""

from __future__ import annotations

import asyncio

from adapters.ble.config import Answer, Attribute
from adapters.ble.gatt.attributes import called
from adapters.ble.gatt.checks import Invoking
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.outcome import refused
from adapters.ble.gatt.silence import Silence
from adapters.ble.gatt.trouble import Trouble
from adapters.ble.gatt.writer import Writer
from gateway.model import BadReason, Result, ResultStatus

ANSWER = "answer"
"""What a command's answer is called in its result: in hex."""


async def answered(connection: Connection, writer: Writer, invoking: Invoking, silence: Silence) -> Result:
    """To its answer, if it has one. Raises Trouble where nothing was sent, as the connection is no use."""
    command = invoking.command
    answer, where = command.answer, command.answers_at
    if answer is None or where is None:
        return await writer.send(command.attribute, invoking.data, command.write) or Result(ResultStatus.DONE)
    if answer.by == "read":
        trouble = await writer.send(command.attribute, invoking.data, command.write)
        return trouble or await _read(connection, where, invoking)
    await silence.over(where)
    result = await _notified(connection, writer, where, answer, invoking)
    if result.status is ResultStatus.UNKNOWN:
        connection.give_up()
        silence.begin(where, answer.timeout)
    return result


async def _read(connection: Connection, where: Attribute, invoking: Invoking) -> Result:
    try:
        return _judged(await connection.read(where), invoking)
    except Trouble as trouble:
        detail = f"it was written, but its answer could not be read: {trouble}"
        return Result(ResultStatus.UNKNOWN, reason="not-verified", detail=detail)


async def _notified(
    connection: Connection, writer: Writer, where: Attribute, answer: Answer, invoking: Invoking
) -> Result:
    """Listened to before anything is sent, as the answer may come at once; what comes before that is none."""
    heard = _Heard(invoking.starts)

    def tell(data: bytes) -> None:
        if writer.is_sent:
            heard.take(data)

    try:
        heard.is_shared = await connection.listen(where, tell)
    except Trouble as trouble:
        if not trouble.is_ours:
            raise
        return refused(trouble)
    try:
        command = invoking.command
        trouble_ = await writer.send(command.attribute, invoking.data, command.write)
        if trouble_ is not None:
            return trouble_
        return await _awaited(connection, heard, where, answer, invoking)
    finally:
        await connection.quit(where, tell)


class _Heard:
    """What comes once it is sent. Where others listen, too, the device tells other things: these are no answer."""

    def __init__(self, starts: bytes) -> None:
        self.is_shared = False
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.other: bytes | None = None
        self._starts = starts

    def take(self, data: bytes) -> None:
        if self.is_shared and not data.startswith(self._starts):
            self.other = data
        elif not self.answer.done():
            self.answer.set_result(data)


async def _awaited(
    connection: Connection, heard: _Heard, where: Attribute, answer: Answer, invoking: Invoking
) -> Result:
    coming = heard.answer
    await asyncio.wait((coming, connection.lost), timeout=answer.timeout, return_when=asyncio.FIRST_COMPLETED)
    if coming.done():
        return _judged(coming.result(), invoking)
    if connection.lost.done():
        detail = "it was written, and then the connection went down: it may or may not have happened"
        return Result(ResultStatus.UNKNOWN, reason=BadReason.NO_LINK, detail=detail)
    told = "nothing" if heard.other is None else f"only {heard.other.hex() or 'nothing'}, which is not its answer,"
    detail = f"it was written, but {called(where)} told {told} within {answer.timeout:g} s"
    return Result(ResultStatus.UNKNOWN, reason=BadReason.TIMEOUT, detail=detail)


def _judged(data: bytes, invoking: Invoking) -> Result:
    said = data.hex()
    if data.startswith(invoking.starts):
        return Result(ResultStatus.DONE, values={ANSWER: said})
    detail = f"it answered {said or 'nothing'}, and should begin with {invoking.starts.hex()}"
    return Result(ResultStatus.FAILED, {ANSWER: said}, reason=BadReason.DEVICE_ERROR, detail=detail)
