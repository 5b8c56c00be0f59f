"""One MQTT connection on paho-mqtt, driven by the asyncio loop. This file, `client` and `packets` import paho.

paho keeps the protocol; connecting, reading, writing and time are ours (why: ARCHITECTURE.md, decision 5).
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.mqtt.aliases import Aliases
from gateway.endpoints.mqtt.client import MALFORMED, Client
from gateway.endpoints.mqtt.packets import Allowed, properties_of
from gateway.endpoints.mqtt.party import Dismissed, Incoming, Login, Party, Refused
from gateway.endpoints.mqtt.reasons import (
    ABOUT_MESSAGE,
    FAILURE,
    KEEPALIVE_TIMEOUT,
    PROTOCOL_ERROR,
    QOS_NOT_SUPPORTED,
    Said,
    why_not_taken,
)
from gateway.endpoints.reach import Address, ReachConfig, dial

UTF8 = b"\1\1"
"""Payload Format Indicator: text (MQTT 5, 3.3.2.3.2)."""

CONTENT_TYPE = 3
"""The property (MQTT 5, 3.3.2.3.9): two bytes of length and a text."""

COMMANDS_IN_FLIGHT = 20
"""Commands the broker may send before we acknowledge one (our Receive Maximum)."""

LOOK_MIN_S = 0.05
"""Time limits are looked after at most so often, however short they are."""

CLOSE_S = 1.0
"""How long a polite close may take before the socket is cut."""

CLOSED = "the broker closed the connection"
"""In good order or by a reset, which is a matter of what was on its way to it."""


class _Received(Struct):
    """A PUBLISH of the server, for its acknowledgement: that goes out in the order of receipt (MQTT 5, 4.6)."""

    packet_id: int
    qos: int
    is_accepted: bool = False


class Connection:
    """Call `open` once; then `send`, `watch` until it ends, and `close` whatever happened."""

    def __init__(self, login: Login, party: Party) -> None:
        self._login = login
        self._party = party
        self._loop = loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._ready: asyncio.Future[Allowed] = loop.create_future()
        self._subscribing: dict[int, tuple[Sequence[str], asyncio.Future[list[str]]]] = {}
        self._received: deque[_Received] = deque()
        self.retains = True
        """Whether what is to be kept is sent as such: once we are in."""
        self._marks: dict[str, bytes] = {}
        self._client = self._make_client()

    async def open(self, address: Address, config: ReachConfig) -> Allowed:
        """TCP or whatever carries it, CONNECT, CONNACK; what the server allows. Raises EndpointError."""
        self._client.wire = await dial(address, config, self._on_data, self._on_lost)
        self._connect(address)
        try:
            async with asyncio.timeout(config.connect_timeout):
                return await self._ready
        except TimeoutError:
            raise EndpointError("the broker took the connection but does not answer CONNECT") from None

    def subscribe(self, filters: Sequence[str]) -> asyncio.Future[list[str]]:
        """At QoS 1; those that the server refuses, each with what it says, once it has spoken."""
        answer: asyncio.Future[list[str]] = self._loop.create_future()
        _, packet_id = self._client.subscribe([(name, self._subscription()) for name in filters])
        if packet_id is None:
            answer.cancel()  # the connection is at its end, which `watch` tells
        else:
            self._subscribing[packet_id] = filters, answer
        return answer

    def send(self, topic: str, payload: bytes, *, retain: bool = False, content_type: str | None = None) -> int | None:
        """Publish at QoS 1; its packet id, or None when the connection is at its end.

        Retained where the broker can. `content_type`: of a text, short; told with MQTT 5.
        """
        properties = b"" if content_type is None else self._mark(content_type)
        try:
            return self._client.send(topic, payload, retain=retain and self.retains, properties=properties)
        except OSError:  # it has ended, which `_on_lost` is about to hear, with the reason
            self._loop.call_later(CLOSE_S, self.end, EndpointError(CLOSED, cut=True))
            return None

    def send_unacknowledged(
        self, topic: str, payload: bytes, correlation: bytes | None = None, content_type: str | None = None
    ) -> None:
        """Publish at QoS 0."""
        properties = None
        if self._login.is_v5:
            properties = properties_of(PacketTypes.PUBLISH)
            if correlation is not None:
                properties.CorrelationData = correlation
            if content_type is not None:
                properties.PayloadFormatIndicator, properties.ContentType = 1, content_type
        self._client.publish(topic, payload, 0, properties=properties)

    async def watch(self) -> None:
        """Until the connection ends: keep-alive, and no publish may wait too long for its acknowledgement."""
        login = self._login
        look_s = max(LOOK_MIN_S, min(self._client.halve_keepalive(login.keepalive_s), login.ack_timeout_s) / 4)
        while True:
            done, _ = await asyncio.wait({self._ended}, timeout=look_s)
            if done:
                self._ended.result()
                return
            self._client.loop_misc()
            oldest_s = self._party.oldest_s()
            if oldest_s is not None and self._loop.time() - oldest_s > login.ack_timeout_s:
                raise EndpointError(f"no acknowledgement for {login.ack_timeout_s:g} s")

    def end(self, error: Exception) -> None:
        """End it with this; the first one counts."""
        waiting: list[asyncio.Future[Any]] = [
            self._ready,
            self._ended,
            *(answer for _, answer in self._subscribing.values()),
        ]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen: whoever waits still gets it

    async def close(self, *, polite: bool) -> None:
        """DISCONNECT, which keeps the broker from sending the will; else the socket alone."""
        wire = getattr(self._client, "wire", None)
        if wire is None:
            return
        if polite:
            self._client.disconnect()
            wire.close()
        else:
            wire.abort()
        try:
            async with asyncio.timeout(CLOSE_S):
                await wire.closed.wait()
        except TimeoutError:
            wire.abort()

    def _make_client(self) -> Client:
        login = self._login
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.client_id,
            clean_session=None if login.is_v5 else login.clean,
            protocol=paho.MQTTv5 if login.is_v5 else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(0)
        client.max_packet_bytes = login.max_packet_bytes
        client.answers = self
        client.on_success = self._party.settle
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        if login.will is not None:
            client.will_set(*login.will, 1, retain=login.retain)
        if login.username is not None:
            client.username_pw_set(login.username, login.password)
        return client

    def _connect(self, address: Address) -> None:
        login = self._login
        options: dict[str, Any] = {}
        if login.is_v5:
            properties = properties_of(PacketTypes.CONNECT)
            properties.ReceiveMaximum = COMMANDS_IN_FLIGHT
            properties.MaximumPacketSize = login.max_packet_bytes
            properties.SessionExpiryInterval = math.ceil(login.session_expiry_s)
            options = {"clean_start": login.clean, "properties": properties}
        self._client.connect(address.host, address.port, keepalive=math.floor(login.keepalive_s), **options)

    def _subscription(self) -> Any:
        """QoS 1; with MQTT 5 the broker also tells us that a live command was published with the retain flag."""
        return SubscribeOptions(qos=1, retainAsPublished=True) if self._login.is_v5 else 1

    def _on_data(self) -> None:
        client, wire = self._client, self._client.wire
        try:
            client.take_pubacks()
            while wire.pending() and client.loop_read() == paho.MQTT_ERR_SUCCESS:
                client.take_pubacks()
        except MALFORMED as error:
            self.end(EndpointError(f"the broker sent what is not MQTT: {error}"))
        except EndpointError as error:
            self.end(error)
        if client.want_write():
            client.loop_write()
        self._party.read()

    def _on_lost(self, error: Exception | None) -> None:
        is_in = self._ready.done()
        was_closed = error is None or isinstance(error, ConnectionResetError | BrokenPipeError)
        reason = CLOSED if was_closed else f"connection lost: {error}"
        hint = " before it answered CONNECT: does it want TLS, a client certificate, another protocol?"
        self.end(EndpointError(reason + hint * (was_closed and not is_in), cut=is_in))

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        """paho gives up."""
        if code.value == KEEPALIVE_TIMEOUT:
            silent_s = self._login.keepalive_s
            self.end(EndpointError(f"the broker is silent: no answer to a sign of life for {silent_s:g} s (keepalive)"))
        elif code.value == PROTOCOL_ERROR:
            self.end(EndpointError("the broker sent what is not MQTT"))
        else:
            self.end(EndpointError("connection lost"))

    def welcomed(self, allowed: Allowed) -> None:
        """The CONNECT is taken."""
        if not allowed.qos1:
            self.end(Refused(Said(QOS_NOT_SUPPORTED), v5=True))
            return
        self.retains = allowed.retain and self._login.retain
        if self._login.aliases and allowed.aliases:
            self._client.aliases = Aliases(allowed.aliases)
        if not self._ready.done():
            self._ready.set_result(allowed)

    def refused(self, said: Said) -> None:
        """The CONNECT is not."""
        self.end(Refused(said, v5=self._login.is_v5))

    def dismissed(self, said: Said) -> None:
        """The broker ends the connection."""
        self.end(Dismissed(said, self._login.client_id))

    def not_taken(self, packet_id: int, said: Said) -> None:
        """The broker's no to a publish."""
        self._party.settle(packet_id, said.code, about_message=said.code in ABOUT_MESSAGE, text=why_not_taken(said))

    def subscribed(self, packet_id: int, said: list[Said]) -> None:
        """The broker's word on each filter of a subscription."""
        if packet_id not in self._subscribing:
            return
        filters, answer = self._subscribing.pop(packet_id)
        if not answer.done():
            asked = zip(filters, said, strict=False)
            answer.set_result([f"{name}: {why_not_taken(each)}" for name, each in asked if each.code >= FAILURE])

    def _mark(self, content_type: str) -> bytes:
        """As properties, where there are some."""
        if not self._login.is_v5:
            return b""
        mark = self._marks.get(content_type)
        if mark is None:
            text = content_type.encode()
            mark = self._marks[content_type] = UTF8 + bytes((CONTENT_TYPE, 0, len(text))) + text
        return mark

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        properties = message.properties
        received = _Received(message.mid, message.qos)
        if received.qos:
            self._received.append(received)

        def accept() -> None:
            received.is_accepted = True
            while self._received and self._received[0].is_accepted:
                first = self._received.popleft()
                client.ack(first.packet_id, first.qos)

        self._party.arrived(
            Incoming(
                topic=message.topic,
                payload=bytes(message.payload),
                accept=accept,
                retained=message.retain,
                expires_in_s=getattr(properties, "MessageExpiryInterval", None),
                reply_to=getattr(properties, "ResponseTopic", None),
                correlation=getattr(properties, "CorrelationData", None),
            )
        )
