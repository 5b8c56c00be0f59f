"""One client's connection: uvicorn's, with limits in time and number, and an end that waits for nobody."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

import h11
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from gateway.control.errors import JSON, told
from gateway.control.peer import uid_of

MAX_CONNECTIONS = 64
"""More than people and tools on one box need; each may hold some 300 KB."""

REQUEST_S = 10.0
"""How long a request may take to arrive, head and body; a client on the same machine needs a millisecond."""

IDLE_S = 30
"""How long a connection may wait for its next request."""

STALL_S = 30.0
"""How long a client may leave unread what waits for it."""

LINGER_S = 2.0
"""How long what a refused client still sends is thrown away, so that it gets to read why."""

CLOSE = (b"connection", b"close")

log = logging.getLogger("fieldgate.control.http")
log.setLevel(logging.ERROR)  # what a client does wrong is told to the client


class Connection(H11Protocol):
    """From its first byte to its last; requests come one after the other."""

    def __init__(self, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(config, state, {}, loop)
        self.logger = log
        self.app = self._answer
        self._task: asyncio.Task[None] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._lingers = False
        self.silent_since_s = loop.time()

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # whatever waits for the client is seen to wait
        self.app_state = {"uid": uid_of(transport.get_extra_info("socket"))}
        self._expect()
        if len(self.connections) > MAX_CONNECTIONS and not self._make_room():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "busy", f"{MAX_CONNECTIONS} connections are in use")
            self.transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for timer in (self._due, self._stalled):
            if timer is not None:
                timer.cancel()
        if self._task is not None:
            self._task.cancel()

    @override
    def data_received(self, data: bytes) -> None:
        if not self._lingers:
            super().data_received(data)
            self._look()

    @override
    def on_response_complete(self) -> None:
        self.silent_since_s = self.loop.time()
        if self.conn.their_state is h11.SEND_BODY:
            self._linger()
        else:
            super().on_response_complete()
            self._look()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALL_S, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, "malformed", "this is no HTTP request")

    def end(self) -> None:
        """The gateway stops."""
        if self._task is not None:
            self._task.cancel()
        else:
            self.transport.close()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        """A task cancelled here ends well: for uvicorn a cancellation would be the application's defect."""
        if self._lingers or self.transport.is_closing():
            self.cycle.disconnected = True
            return
        self._task = task = asyncio.current_task()
        try:
            await self.config.loaded_app(scope, receive, send)
        except asyncio.CancelledError:
            await self._cut_short(send)
        finally:
            if self._task is task:
                self._task = None

    async def _cut_short(self, send: Any) -> None:
        """At a stop a client that reads hears of it: an answer, or its stream's proper end."""
        if self.cycle.disconnected or self.flow.write_paused or self.transport.is_closing():
            self.cycle.disconnected = True
            if not self._lingers:
                self.transport.abort()
            return
        body = b""
        if not self.cycle.response_started:
            status, body = HTTPStatus.SERVICE_UNAVAILABLE, told("stopping", "the gateway stops")
            headers = [(b"content-type", JSON.encode()), CLOSE]
            await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        self.transport.close()

    @property
    def is_silent(self) -> bool:
        """Whether nothing is under way on it."""
        cycle: Any = self.cycle  # None before the first request
        return (cycle is None or cycle.response_complete) and not self.transport.is_closing()

    def _make_room(self) -> bool:
        """Who has been silent longest gives way to who has just come."""
        silent = [one for one in self.connections if isinstance(one, Connection) and one.is_silent and one is not self]
        if silent:
            min(silent, key=lambda one: one.silent_since_s).transport.abort()
        return bool(silent)

    def _look(self) -> None:
        """While part of a request is there, the rest is expected."""
        if self._lingers:
            return
        begun = self.conn.their_state is h11.SEND_BODY or (
            self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        )
        if begun and self._due is None:
            self._expect()
        elif not begun and self._due is not None:
            self._due.cancel()
            self._due = None

    def _expect(self) -> None:
        self._due = self.loop.call_later(REQUEST_S, self._late)

    def _late(self) -> None:
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self.transport.close()
        else:
            detail = f"the request was not complete after {REQUEST_S:g} s"
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "too-slow", detail)

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        """Answer in place of the application, where no answer has begun; it is the last one."""
        body = told(code, detail)
        headers = [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body)), CLOSE]
        answer = [h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()]
        try:
            output = b"".join(self.conn.send(event) or b"" for event in answer)
        except h11.LocalProtocolError:
            self.transport.abort()
            return
        if self._task is not None:
            self.cycle.disconnected = True
            self._task.cancel()
        self.transport.write(output)
        self._linger()

    def _linger(self) -> None:
        """Say no more, and listen a little: a close with something unread would reach the client before the answer."""
        self._lingers = True
        self._unset_keepalive_if_required()
        if self._due is not None:
            self._due.cancel()
        self._due = self.loop.call_later(LINGER_S, self.transport.abort)
        self.flow.resume_reading()
        self.transport.write_eof()
