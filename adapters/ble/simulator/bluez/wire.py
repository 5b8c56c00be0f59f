"""Our connection to the bus: what goes out waits until the socket takes it.

dbus-fast closes a connection when one write would block, so nothing is given to it before the kernel has room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections import deque
from collections.abc import Callable
from typing import Final

from dbus_fast import Message, MessageType, NameFlag, RequestNameReply
from dbus_fast.aio import MessageBus

BURST: Final = 64
"""Messages in a row before others of this loop have their turn: some 3 ms."""
ANSWER_S: Final = 60.0
"""For a client to answer: BlueZ gives its agents as long (src/agent.c, REQUEST_TIMEOUT)."""


class Wire:
    """A named place on a bus. `heard` gets calls and signals, in order; `send` keeps the order, too."""

    def __init__(self, address: str, heard: Callable[[Message], None]) -> None:
        self._heard = heard
        self._bus = _Bus(address, negotiate_unix_fd=True)
        self._waiting: deque[Message] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._pump: asyncio.Task[None] | None = None

    @property
    def backlog(self) -> int:
        """Messages that the bus has not taken yet."""
        return len(self._waiting)

    async def open(self, name: str, *rules: str) -> None:
        """Connect, subscribe, take the name. OSError or AuthError without a bus, RuntimeError if the name is taken."""
        await self._bus.connect()
        self._bus.add_message_handler(self._hear)
        for rule in rules:
            await self._bus.call(_match("AddMatch", rule))
        if await self._bus.request_name(name, NameFlag.DO_NOT_QUEUE) is not RequestNameReply.PRIMARY_OWNER:
            self._bus.disconnect()
            raise RuntimeError(f"somebody else is {name} on this bus")
        self._pump = asyncio.create_task(self._pumping(), name="bluez wire")

    def send(self, message: Message) -> None:
        """In its turn; nothing once the connection is gone. Its body must not change any more, its files get closed."""
        if self._pump is None or self._pump.done():
            _close(message)
            return
        self._waiting.append(message)
        self._empty.clear()
        self._filled.set()

    async def call(self, message: Message, timeout_s: float = ANSWER_S) -> Message:
        """Ask a client; TimeoutError, ConnectionError when no answer comes."""
        message.serial = self._bus.next_serial()
        answer = self._answers[message.serial] = asyncio.get_running_loop().create_future()
        self.send(message)
        try:
            async with asyncio.timeout(timeout_s):
                answered: Message = await answer
                return answered
        finally:
            del self._answers[message.serial]

    def match(self, rule: str, *, on: bool) -> None:
        """Hear these signals, or no more."""
        self.send(_match("AddMatch" if on else "RemoveMatch", rule))

    async def drained(self) -> None:
        """Return when the bus has taken all."""
        await self._empty.wait()

    async def close(self) -> None:
        """Leave at once; what waits is lost."""
        self._drop()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection was closed"))
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        self._bus.disconnect()
        with contextlib.suppress(EOFError, OSError):
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def _hear(self, message: Message) -> bool:
        if message.message_type in (MessageType.METHOD_CALL, MessageType.SIGNAL):
            self._heard(message)
        elif (answer := self._answers.get(message.reply_serial)) is not None and not answer.done():
            answer.set_result(message)
        return message.message_type is MessageType.METHOD_CALL

    async def _pumping(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                await self._filled.wait()
                await self._burst()
                if self._waiting:
                    await asyncio.sleep(0)
                else:
                    self._filled.clear()
                    self._empty.set()
        self._drop()

    async def _burst(self) -> None:
        for _ in range(min(BURST, len(self._waiting))):
            await self._bus.room()
            message = self._waiting.popleft()
            try:
                await self._give(message)
            finally:
                _close(message)

    async def _give(self, message: Message) -> None:
        sent = self._bus.send(message)
        sent.add_done_callback(_known)
        if sent.done():
            sent.result()
        else:
            await sent

    def _drop(self) -> None:
        while self._waiting:
            _close(self._waiting.popleft())
        self._empty.set()


class _Bus(MessageBus):
    async def room(self) -> None:
        """Until the kernel takes some 150 KiB at once (unix(7): a socket is writable while a quarter is used)."""
        if not self.connected or self._sock is None:
            raise ConnectionResetError
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        if poll.poll(0):
            return
        free = asyncio.Event()
        self._loop.add_writer(self._sock, free.set)
        try:
            await free.wait()
        finally:
            if self.connected:  # else the number may be somebody else's by now
                self._loop.remove_writer(self._sock)


def _known(sent: asyncio.Future[object]) -> None:
    """Whatever became of it, nobody need ask again: with the bus gone, nobody waits for it any more."""
    if not sent.cancelled():
        sent.exception()


def _close(message: Message) -> None:
    for file in message.unix_fds:
        os.close(file)


def _match(member: str, rule: str) -> Message:
    return Message(
        destination="org.freedesktop.DBus",
        path="/org/freedesktop/DBus",
        interface="org.freedesktop.DBus",
        member=member,
        signature="s",
        body=[rule],
    )
