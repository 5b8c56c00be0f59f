"""One MQTT connection on paho-mqtt, driven by the asyncio loop. Only this file and `client` import paho.

paho keeps the protocol; connecting, reading, writing and time are ours (why: ARCHITECTURE.md, decision 5).
"""

from __future__ import annotations

import asyncio
import math
import ssl
from typing import Any, ClassVar

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions
from typing_extensions import override

from gateway.config.models import EndpointConfig
from gateway.endpoints.contract import Delivery, Endpoint, EndpointError, Identity, Message, Session
from gateway.endpoints.mqtt.client import MALFORMED, MAX_PACKET_BYTES, Client, properties_of
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.outgoing import Outgoing
from gateway.endpoints.mqtt.reasons import ABOUT_MESSAGE, FAILURE, why_refused
from gateway.endpoints.mqtt.topics import Topics
from gateway.endpoints.mqtt.wire import Wire
from gateway.endpoints.payload import last_will
from gateway.repeats import Repeats

NO_LIMIT_BYTES = 268_435_455
"""The largest remaining length a packet can have (MQTT 5, 1.5.5)."""

HEADROOM_BYTES = 1024
"""What a PUBLISH may need beside its payload: header, topic, packet id, properties."""

COMMANDS_IN_FLIGHT = 20
"""Commands the broker may send before we acknowledge one (our Receive Maximum)."""

SHOWN_CHARACTERS = 200
"""Of a response topic, which may have 65,535, in the log."""

LOOK_MIN_S = 0.05
"""Time limits are looked after at most so often, however short they are."""

CLOSE_S = 1.0
"""How long a polite close may take before the socket is cut."""

log = structlog.get_logger("fieldgate.mqtt")


class MqttEndpoint(Endpoint):
    """One connection to one broker; a fresh instance for each."""

    Config: ClassVar[type[EndpointConfig]] = MqttConfig

    def __init__(self, config: MqttConfig, identity: Identity) -> None:
        self._config = config
        self._identity = identity
        self._topics = Topics(config.root, identity.gateway, config.reply_prefix)
        self._v5 = config.protocol == 5
        self._max_bytes = 0
        self._repeats = Repeats()

    @override
    async def run(self, session: Session) -> None:
        self._session = session
        self._loop = loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._ready: asyncio.Future[tuple[int, int]] = loop.create_future()
        self._outgoing = Outgoing(self._topics, self._config.batch, self._send)
        self._client = self._make_client()
        wire = self._client.wire = await self._connect_wire()
        try:
            room, self._max_bytes = await self._log_in()
            session.connected(*self._outgoing.open(room, self._max_bytes))
            await self._watch()
        finally:
            self._outgoing.close()
            await self._close(wire)

    @override
    def publish(self, message: Message) -> None:
        self._outgoing.publish(message)

    @override
    def flush(self) -> None:
        self._outgoing.flush()

    def _send(self, topic: str, payload: bytes, retain: bool) -> int | None:
        try:
            return self._client.send(topic, payload, retain=retain)
        except OSError as error:
            self._end(EndpointError(f"publish failed: {error}"))
            return None

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        refusal = self._why_no_reply(to, len(to.encode()) + len(correlation or b"") + len(payload))
        if refusal is not None:
            untold = self._repeats.tell(refusal, self._loop.time())
            if untold is not None:
                topic = to[:SHOWN_CHARACTERS]
                log.warning(refusal, endpoint=self._identity.endpoint, topic=topic, repeated=untold or None)
            return
        properties = properties_of(PacketTypes.PUBLISH)
        if correlation is not None:
            properties.CorrelationData = correlation
        self._client.publish(to, payload, 0, properties=properties)

    def _why_no_reply(self, to: str, size: int) -> str | None:
        if not self._v5 or not self._topics.may_reply_to(to):
            return "response topic refused"
        return "reply too large for the broker" if size > self._max_bytes else None

    async def _connect_wire(self) -> Wire:
        host, port, secure = self._config.address
        try:
            async with asyncio.timeout(self._config.connect_timeout):
                context = await asyncio.to_thread(self._config.tls.context) if secure else None
                _, wire = await self._loop.create_connection(
                    lambda: Wire(self._on_data, self._on_lost), host, port, ssl=context
                )
            wire.give_up_after(self._config.tcp_user_timeout)
        except TimeoutError:
            raise EndpointError(f"{host}:{port} does not answer within {self._config.connect_timeout:g} s") from None
        except (OSError, ssl.SSLError) as error:
            raise EndpointError(f"can't connect to {host}:{port}: {error}") from error
        return wire

    def _make_client(self) -> Client:
        config, identity = self._config, self._identity
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=config.client_id or f"fieldgate-{identity.gateway}-{identity.endpoint}",
            clean_session=None if self._v5 else config.session_expiry == 0,
            protocol=paho.MQTTv5 if self._v5 else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(0)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_success = self._outgoing.settle
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.will_set(self._topics.of("status", ""), last_will(identity.gateway), 1, retain=True)
        if config.username is not None:
            client.username_pw_set(config.username, config.password.get_secret_value() if config.password else None)
        return client

    async def _log_in(self) -> tuple[int, int]:
        """CONNECT, CONNACK, SUBSCRIBE; the window and the size limit that the server allows."""
        host, port, _ = self._config.address
        options: dict[str, Any] = {}
        if self._v5:
            properties = properties_of(PacketTypes.CONNECT)
            properties.ReceiveMaximum = COMMANDS_IN_FLIGHT
            properties.MaximumPacketSize = MAX_PACKET_BYTES
            properties.SessionExpiryInterval = math.ceil(self._config.session_expiry)
            options = {"clean_start": self._config.session_expiry == 0, "properties": properties}
        self._client.connect(host, port, keepalive=math.floor(self._config.keepalive), **options)
        try:
            async with asyncio.timeout(self._config.connect_timeout):
                limits = await self._ready
        except TimeoutError:
            raise EndpointError("the broker took the connection but does not answer CONNECT") from None
        if self._config.commands:
            self._client.subscribe([(name, self._subscription()) for name in self._topics.command_filters])
        return limits

    def _subscription(self) -> Any:
        """QoS 1; with MQTT 5 the broker also tells us that a live command was published with the retain flag."""
        return SubscribeOptions(qos=1, retainAsPublished=True) if self._v5 else 1

    async def _watch(self) -> None:
        """Until the connection ends: keep-alive, and no publish may wait too long for its acknowledgement."""
        config = self._config
        look_s = max(LOOK_MIN_S, min(self._client.halve_keepalive(config.keepalive), config.ack_timeout) / 4)
        while True:
            done, _ = await asyncio.wait({self._ended}, timeout=look_s)
            if done:
                self._ended.result()
                return
            self._client.loop_misc()
            oldest_s = self._outgoing.oldest_s
            if oldest_s is not None and self._loop.time() - oldest_s > config.ack_timeout:
                raise EndpointError(f"no acknowledgement for {config.ack_timeout:g} s")

    async def _close(self, wire: Wire) -> None:
        """DISCONNECT, which keeps the broker from sending the will, after a goodbye; else the socket alone."""
        if self._session.said_goodbye:
            self._client.disconnect()
            wire.close()
        else:
            wire.abort()
        try:
            async with asyncio.timeout(CLOSE_S):
                await wire.closed.wait()
        except TimeoutError:
            wire.abort()

    def _on_data(self) -> None:
        client, wire = self._client, self._client.wire
        try:
            client.take_pubacks()
            while wire.pending() and client.loop_read() == paho.MQTT_ERR_SUCCESS:
                client.take_pubacks()
        except MALFORMED as error:
            self._end(EndpointError(f"the broker sent what is not MQTT: {error}"))
        except EndpointError as error:
            self._end(error)
        if client.want_write():
            client.loop_write()
        self._outgoing.report(self._session.acknowledged)

    def _on_lost(self, error: Exception | None) -> None:
        self._end(EndpointError(f"connection lost: {error}" if error else "the broker closed the connection"))

    def _end(self, error: EndpointError) -> None:
        for future in (self._ready, self._ended):
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen: whoever waits still gets it

    def _on_connect(
        self, client: Any, userdata: Any, flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._end(EndpointError(why_refused(code.value, str(code), v5=self._v5)))
            return
        receive_maximum = int(getattr(properties, "ReceiveMaximum", 65535))
        max_packet = int(getattr(properties, "MaximumPacketSize", NO_LIMIT_BYTES))
        if not self._ready.done():
            self._ready.set_result((min(self._config.window, receive_maximum), max(1, max_packet - HEADROOM_BYTES)))

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        self._end(EndpointError(f"disconnected: {code}"))

    def _on_publish(self, client: Any, userdata: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        value = code.value
        if value < FAILURE:
            self._outgoing.settle(mid)
        else:
            about_message = value in ABOUT_MESSAGE
            self._outgoing.settle(mid, value, about_message=about_message, text=f"{value:#04x} {code}")

    def _on_subscribe(self, client: Any, userdata: Any, mid: int, codes: list[ReasonCode], properties: Any) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            log.error("the broker refuses our subscription to commands", endpoint=self._identity.endpoint, why=refused)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        mid, qos = message.mid, message.qos

        def accept() -> None:
            client.ack(mid, qos)

        device = self._topics.device_of(message.topic)
        if device is None:
            accept()
            return
        properties = message.properties
        self._session.deliver(
            Delivery(
                device=device,
                payload=bytes(message.payload),
                accept=accept,
                retained=message.retain,
                expires_in_s=getattr(properties, "MessageExpiryInterval", None),
                reply_to=getattr(properties, "ResponseTopic", None),
                correlation=getattr(properties, "CorrelationData", None),
            )
        )
