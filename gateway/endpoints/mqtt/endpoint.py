"""Any MQTT broker: where envelopes go, where commands come from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar
from uuid import uuid4

import structlog
from typing_extensions import override

from gateway.adapter import Advice
from gateway.config.models import EndpointConfig
from gateway.endpoints.contract import Delivery, Endpoint, Identity, Memory, Message, Session
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.connection import Connection, Incoming, Login
from gateway.endpoints.mqtt.outgoing import Outgoing
from gateway.endpoints.mqtt.topics import Topics
from gateway.endpoints.payload import last_will
from gateway.endpoints.reach import certificate_advice
from gateway.repeats import Repeats

HEADROOM_BYTES = 1024
"""What a PUBLISH may need beside its payload: header, topic, packet id, properties."""

SHOWN_CHARACTERS = 200
"""Of a response topic, which may have 65,535, in the log."""

log = structlog.get_logger("fieldgate.mqtt")


class MqttEndpoint(Endpoint):
    """One connection to one broker; a fresh instance for each."""

    Config: ClassVar[type[EndpointConfig]] = MqttConfig

    def __init__(self, config: MqttConfig, identity: Identity, memory: Memory) -> None:
        self._config = config
        self._identity = identity
        self._memory = memory
        self._topics = Topics(config.root, identity.gateway, config.reply_prefix)
        self._v5 = config.protocol == 5
        self._max_bytes = 0
        self._repeats = Repeats()

    @classmethod
    @override
    def advice(cls, config: MqttConfig) -> Iterable[Advice]:
        return certificate_advice(config.tls)

    @override
    async def run(self, session: Session) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._outgoing = Outgoing(self._topics, self._config.batch, self._send)
        self._connection = connection = Connection(self._login(), self)
        try:
            allowed = await connection.open(self._config.address, self._config)
            if self._config.commands:
                connection.subscribe(self._topics.command_filters).add_done_callback(self._on_subscribed)
            room = min(self._config.window, allowed.in_flight)
            self._max_bytes = max(1, allowed.packet_bytes - HEADROOM_BYTES)
            session.connected(*self._outgoing.open(room, self._max_bytes))
            await connection.watch()
        finally:
            self._outgoing.close()
            await connection.close(polite=session.said_goodbye)

    @override
    def publish(self, message: Message) -> None:
        self._outgoing.publish(message)

    @override
    def flush(self) -> None:
        self._outgoing.flush()

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        refusal = self._why_no_reply(to, len(to.encode()) + len(correlation or b"") + len(payload))
        if refusal is None:
            self._connection.send_unacknowledged(to, payload, correlation)
            return
        untold = self._repeats.tell(refusal, self._loop.time())
        if untold is not None:
            topic = to[:SHOWN_CHARACTERS]
            log.warning(refusal, endpoint=self._identity.endpoint, topic=topic, repeated=untold or None)

    def settle(self, packet_id: int, code: int = 0, *, about_message: bool = False, text: str = "") -> None:
        """The broker has spoken about this publish."""
        self._outgoing.settle(packet_id, code, about_message=about_message, text=text)

    def read(self) -> None:
        """All that had come has been looked at."""
        self._outgoing.report(self._session.acknowledged)

    def oldest_s(self) -> float | None:
        """When the oldest publish in flight was sent."""
        return self._outgoing.oldest_s

    def arrived(self, incoming: Incoming) -> None:
        """A command, unless it came on another topic."""
        device = self._topics.device_of(incoming.topic)
        if device is None:
            incoming.accept()
            return
        self._session.deliver(
            Delivery(
                device=device,
                payload=incoming.payload,
                accept=incoming.accept,
                retained=incoming.retained,
                expires_in_s=incoming.expires_in_s,
                reply_to=incoming.reply_to,
                correlation=incoming.correlation,
            )
        )

    def _login(self) -> Login:
        config, identity = self._config, self._identity
        return Login(
            client_id=config.client_id or f"fieldgate-{identity.gateway}-{identity.endpoint}",
            username=config.username,
            password=config.password.get_secret_value() if config.password else None,
            will=(self._topics.of("status", ""), last_will(identity.gateway, config.format, uuid4().hex)),
            is_v5=self._v5,
            clean=config.session_expiry == 0,
            session_expiry_s=config.session_expiry,
            keepalive_s=config.keepalive,
            ack_timeout_s=config.ack_timeout,
        )

    def _send(self, topic: str, payload: bytes, retain: bool) -> int | None:
        return self._connection.send(topic, payload, retain=retain)

    def _on_subscribed(self, answer: asyncio.Future[list[str]]) -> None:
        if not answer.cancelled() and answer.exception() is None and answer.result():
            refused = answer.result()
            log.error("the broker refuses our subscription to commands", endpoint=self._identity.endpoint, why=refused)

    def _why_no_reply(self, to: str, size: int) -> str | None:
        if not self._v5 or not self._topics.may_reply_to(to):
            return "response topic refused"
        return "reply too large for the broker" if size > self._max_bytes else None
