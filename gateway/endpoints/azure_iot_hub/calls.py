"""Direct methods under way: each is answered once, in time; who has to wait longer is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import msgspec

from gateway.endpoints.azure_iot_hub import methods, topics
from gateway.endpoints.azure_iot_hub.methods import NoCommand
from gateway.endpoints.azure_iot_hub.topics import Called
from gateway.endpoints.contract import Delivery
from gateway.endpoints.mqtt.connection import Connection
from gateway.model import Result, ResultStatus


class Calls:
    """Of one connection. `deliver` takes what they ask for; `settled()` is called when one has been answered."""

    def __init__(
        self,
        connection: Connection,
        deliver: Callable[[Delivery], None],
        timeout_s: float,
        settled: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._deliver = deliver
        self._timeout_s = timeout_s
        self._settled = settled
        self._nonce = uuid4().hex[:8]
        """Request ids begin anew with each connection."""
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def are_waiting(self) -> bool:
        """Whether a caller waits for an answer."""
        return bool(self._waiting)

    def take(self, called: Called, body: bytes) -> None:
        """Somebody calls, and waits."""
        fallback = f"method-{self._nonce}-{called.rid}"
        try:
            command = methods.command_of(called.method, body, fallback)
        except NoCommand as error:
            result = Result(ResultStatus.REJECTED, reason="malformed", detail=str(error))
            self._say(called.rid, methods.status_of(result), methods.answer_of(None, result))
            return
        self._waiting[called.rid] = self._loop.call_later(self._timeout_s, self._put_off, called.rid, command)
        answered = partial(self._answer, called.rid)
        self._deliver(Delivery("", command, _accept, answered=answered))

    def close(self) -> None:
        """Nobody can be answered any more."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _answer(self, rid: str, command: str | None, result: Result) -> None:
        if rid in self._waiting:
            self._waiting.pop(rid).cancel()
            self._say(rid, methods.status_of(result), methods.answer_of(command, result))
            self._settled()

    def _put_off(self, rid: str, command: bytes) -> None:
        del self._waiting[rid]
        name = msgspec.json.decode(command).get("id")
        self._say(rid, methods.LATER, methods.later(name if isinstance(name, str) else None))
        self._settled()

    def _say(self, rid: str, status: int, body: bytes) -> None:
        self._connection.send(topics.answer(status, rid), body)


def _accept() -> None:
    """A method that is lost is not sent again."""
