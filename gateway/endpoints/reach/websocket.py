"""MQTT over WebSocket (RFC 6455; MQTT 5, 6): binary messages, cut anywhere, of the subprotocol `mqtt`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

from typing_extensions import override
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus, NegotiationError, PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from gateway.endpoints.reach.troubles import TLS_ALERT, about_first_bytes
from gateway.endpoints.reach.wire import MAYBE_CERTIFICATE, Wire

MQTT = Subprotocol("mqtt")
"""MQTT 5, 6 [MQTT-6.0.0-3]."""

FRAME_BYTES = 64 * 1024
"""Of a message that we send: services bound them, and what is longer goes as several."""

MAX_MESSAGE_BYTES = 256 * 1024
"""Of one that we take: more than the largest packet that any endpoint takes (azure_iot_hub.logins)."""

MAYBE_ANOTHER = (
    "the connection was cut before a word: is WebSocket spoken on this port? Or TLS (wss://), or plain MQTT?"
)

MAYBE_ANOTHER_INSIDE_TLS = f"{MAYBE_CERTIFICATE} Or is WebSocket not spoken on this port (mqtts://)?"

SHOWN_CHARACTERS = 80
"""Of what a server says."""

QUIET = logging.getLogger("fieldgate.websocket")
"""The library would log frames, and so passwords, when everything is logged."""
QUIET.setLevel(logging.WARNING)


class WebSocketWire(Wire):
    """A wire whose bytes travel in WebSocket messages."""

    cut_at_once = MAYBE_ANOTHER
    cut_at_once_inside_tls = MAYBE_ANOTHER_INSIDE_TLS

    def __init__(self, on_data: Callable[[], None], on_lost: Callable[[Exception | None], None], url: str) -> None:
        super().__init__(on_data, on_lost)
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=[MQTT], max_size=MAX_MESSAGE_BYTES, logger=QUIET)
        self._answer: asyncio.Future[None] = self._loop.create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._attach(transport)

    @override
    async def greet(self) -> None:
        self._protocol.send_request(self._protocol.connect())
        self._write()
        await self._answer
        self._opened()

    @override
    def data_received(self, data: bytes) -> None:
        if not self._was_heard:
            self._was_heard = True
            if data.startswith(TLS_ALERT) and not self._is_secure:
                self._answered(about_first_bytes(data))
                return
        protocol, had = self._protocol, len(self.inbox)
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
        if not self._is_open or protocol.state is not State.OPEN:
            self._look()
        if not self._outgoing:  # else it leaves with the frames of this turn
            self._write()
        if self._is_open and len(self.inbox) > had:
            self._on_data()

    @override
    def eof_received(self) -> None:
        if self._is_secure and not self._was_heard:
            self._answered(self.cut_at_once_inside_tls)
        self._protocol.receive_eof()
        self._look()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        words = self._in_words(exc)
        if words is not None:
            self._answered(str(words))
        self._protocol.receive_eof()
        self._look()
        super().connection_lost(exc)

    @override
    def flush(self) -> None:
        if self._outgoing:
            data = b"".join(self._outgoing)
            self._outgoing.clear()
            if self._protocol.state is State.OPEN:
                for start in range(0, len(data), FRAME_BYTES):
                    self._protocol.send_binary(data[start : start + FRAME_BYTES])
        self._write()

    @override
    def close(self) -> None:
        """Send what is left and a close frame; the far end closes then (RFC 6455, 7.1.1), or the owner cuts it."""
        if self._protocol.state is State.OPEN and super()._may_send():
            self.flush()
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            self._write()
        elif self._protocol.state is not State.CLOSING:
            super().close()

    @override
    def _may_send(self) -> bool:
        return self._protocol.state is State.OPEN and super()._may_send()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.BINARY, Opcode.CONT):
            self.inbox += frame.data
        elif frame.opcode is Opcode.TEXT and self._cause is None:
            self._cause = ConnectionError("a text came over the WebSocket, and MQTT is binary: is it a broker?")
            self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "MQTT is binary")

    def _look(self) -> None:
        """See how the protocol stands after what has come: greeted, refused, broken or closed."""
        protocol = self._protocol
        if protocol.handshake_exc is not None:
            self._answered(_why_refused(protocol.handshake_exc, protocol.uri.path))
            return
        if protocol.state is State.OPEN and not self._answer.done():
            has_mqtt = protocol.subprotocol == MQTT
            self._answered(None if has_mqtt else "it takes the WebSocket, but not for MQTT: is it a broker?")
        broken, closed = protocol.parser_exc, protocol.close_rcvd
        if self._cause is None and broken is not None and not isinstance(broken, EOFError):
            what = "a message that is too large" if isinstance(broken, PayloadTooBig) else f"no WebSocket: {broken}"
            self._cause = ConnectionError(f"what comes is {what}")
        if self._cause is None and closed is not None:
            why = f" ({closed.reason[:SHOWN_CHARACTERS]!a})" if closed.reason else ""
            self._cause = ConnectionError(f"the far end closed the WebSocket, code {closed.code}{why}")
        if (closed is not None or self._cause is not None) and self._transport is not None:
            self._write()
            self._transport.close()

    def _answered(self, trouble: str | None) -> None:
        """The handshake is over; only the first word counts."""
        if self._answer.done():
            return
        if trouble is None:
            self._answer.set_result(None)
        else:
            self._answer.set_exception(ConnectionError(trouble))
            self._answer.exception()  # seen: who waits still gets it
            self._cause = ConnectionError(trouble)

    def _write(self) -> None:
        pieces = self._protocol.data_to_send()
        if pieces and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))


def _why_refused(error: Exception, path: str) -> str:
    if isinstance(error, InvalidStatus):
        return _why_status(error.response.status_code, error.response.headers.get("Location", ""), path)
    if isinstance(error, NegotiationError):
        return f"it wants to speak otherwise over the WebSocket than MQTT does: {_shown(error)}"
    if isinstance(error, InvalidHandshake) and error.__cause__ is None:
        return f"what answers there is no WebSocket server: {_shown(error)}"
    if isinstance(error.__cause__, EOFError):
        return "it closed the connection without answering the WebSocket handshake: does it speak it on this port?"
    return f"what answers there does not speak HTTP: {_shown(error.__cause__ or error)}"


def _why_status(status: int, location: str, path: str) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return f"there is no {path} (404): write the broker's path after the port; most have /mqtt, some /ws or /"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"it does not let us in ({status}) before MQTT is spoken: does it want a client certificate or a token?"
    if 300 <= status < 400:
        return f"it sends us elsewhere ({status}): write {location[:SHOWN_CHARACTERS]!a} as url, if it is yours"
    if status == HTTPStatus.OK:
        return f"a web page is at {path} (200), not a WebSocket: is the path right?"
    if status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT):
        return f"the web server there can't reach the broker behind it ({status})"
    return f"it refuses the WebSocket at {path} with status {status}"


def _shown(error: BaseException) -> str:
    return ascii(str(error)[:SHOWN_CHARACTERS])
