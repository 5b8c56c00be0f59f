"""Any MQTT broker: where envelopes go, where commands come from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import ClassVar
from uuid import uuid4

import structlog
from typing_extensions import override

from gateway.adapter import Advice, PermanentError
from gateway.config.models import EndpointConfig
from gateway.endpoints.contract import (
    Ack,
    Delivery,
    Endpoint,
    EndpointError,
    Identity,
    Memory,
    Message,
    Renewed,
    Session,
)
from gateway.endpoints.mqtt import outlook
from gateway.endpoints.mqtt.brokers import KEPT, NO_ALIASES, NO_RETAIN, Brokers
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.listening import Listening
from gateway.endpoints.mqtt.outgoing import Outgoing
from gateway.endpoints.mqtt.packets import Allowed
from gateway.endpoints.mqtt.party import Incoming, Login
from gateway.endpoints.mqtt.renewal import Renewal
from gateway.endpoints.mqtt.search import Search
from gateway.endpoints.payload import BATCH_TYPE, content_type_of, last_will
from gateway.endpoints.reach import Address
from gateway.repeats import Repeats

HEAD_BYTES = 13
"""What a PUBLISH has beside topic, content type and payload: fixed header, length of the topic, packet id, length of
properties, topic alias (MQTT 5, 3.3)."""

MARK_BYTES = 5 + len(BATCH_TYPE)
"""Payload format indicator, and the longest content type (MQTT 5, 3.3.2.3)."""

MIN_PAYLOAD_BYTES = 512
"""A broker that takes less takes hardly any message: all that waits would be set aside as too large, one by one."""

SHOWN_CHARACTERS = 200
"""Of a response topic, which may have 65,535, in the log."""

log = structlog.get_logger("fieldgate.mqtt")


class MqttEndpoint(Endpoint):
    """One connection to one broker; a fresh instance for each."""

    Config: ClassVar[type[EndpointConfig]] = MqttConfig

    def __init__(self, config: MqttConfig, identity: Identity, memory: Memory) -> None:
        self._config = config
        self._identity = identity
        self._topics = outlook.topics_of(config, identity)
        self._brokers = Brokers(config.addresses, memory)
        self._search = Search(self._brokers, self._login)
        self._v5 = config.protocol == 5
        self._marks = self._v5 and config.format == "cloudevents"
        """Whether messages carry their content type: plain envelopes tell what they are themselves, in fewer bytes."""
        self._max_bytes = 0
        self._renewal = Renewal(lambda: self._outgoing.is_idle)
        self._listening = Listening(identity.endpoint, config.ack_timeout)
        self._repeats = Repeats()

    @property
    @override
    def fault(self) -> str | None:
        return self._listening.fault

    @classmethod
    @override
    def advice(cls, config: MqttConfig) -> Iterable[Advice]:
        return outlook.advice(config)

    @classmethod
    @override
    def describe(cls, config: MqttConfig, identity: Identity, memory: Memory) -> Mapping[str, str]:
        return outlook.describe(config, identity, memory)

    @override
    async def run(self, session: Session) -> None:
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._outgoing = Outgoing(self._topics, self._config.batch, self._send)
        failed = renewed = False
        if clash := self._topics.clash(self._identity.devices):
            raise PermanentError(clash)
        try:
            self._connection, allowed, address = await self._search.find(self, self._config)
            self._greet(allowed, address)
            await self._connection.watch()
        except Renewed:
            renewed = True
            raise
        except EndpointError as error:
            failed = True
            raise self._search.explained(error) from None
        finally:
            self._outgoing.close()
            self._listening.close()
            await self._search.close(polite=session.said_goodbye or renewed, failed=failed)

    @override
    def publish(self, message: Message) -> None:
        self._outgoing.publish(message)

    @override
    def flush(self) -> None:
        self._outgoing.flush()

    @override
    def renew(self, reason: str) -> None:
        if self._renewal.ask(reason):
            self._session.pause()
            self._outgoing.flush()
            self._renewal.look()

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        refusal = self._why_no_reply(to, len(to.encode()) + len(correlation or b"") + len(payload))
        if refusal is None:
            self._connection.send_unacknowledged(to, payload, correlation, self._content_type(payload))
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
        self._outgoing.report(self._acknowledged)
        self._renewal.look()

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

    def _greet(self, allowed: Allowed, address: Address) -> None:
        """We are in: listen, and tell the house what may be sent."""
        self._renewal.begin(self._connection.end)
        config, name = self._config, self._identity.endpoint
        self._max_bytes = self._room_in(allowed.packet_bytes)
        if len(config.addresses) > 1:
            log.info("logged in", endpoint=name, broker=str(address))
        if not self._connection.retains:
            log.warning("the broker keeps no states: statuses and births go there unretained", endpoint=name)
        if config.commands:
            self._check_session(allowed, address)
            topics = self._topics
            filters = topics.command_filters if allowed.wildcards else topics.commands_of(self._identity.devices)
            self._listening.begin(self._connection, filters)
        room = min(config.window, allowed.in_flight)
        self.peer = str(address)
        self._session.connected(*self._outgoing.open(room, self._max_bytes))

    def _room_in(self, packet_bytes: int) -> int:
        """For a payload, beside all that a packet may have around it. Raises EndpointError."""
        head = HEAD_BYTES + self._topics.longest_bytes + (MARK_BYTES if self._marks else 0)
        needed = head + MIN_PAYLOAD_BYTES
        if packet_bytes < needed:
            raise EndpointError(
                f"the broker takes packets of {packet_bytes} bytes at most, and messages need {needed} "
                "and more: let it take larger ones (mosquitto: max_packet_size); nothing is lost meanwhile"
            )
        return packet_bytes - head

    def _check_session(self, allowed: Allowed, address: Address) -> None:
        """Whether commands from while we were away can have been kept."""
        wanted_s, name = self._config.session_expiry, self._identity.endpoint
        if wanted_s and self._brokers.knows(KEPT, address) and not allowed.session_present:
            log.warning("the broker has not kept our session: commands sent meanwhile are lost", endpoint=name)
        if allowed.session_expiry_s is not None and allowed.session_expiry_s < wanted_s:
            log.warning("the broker keeps our session for less long", endpoint=name, seconds=allowed.session_expiry_s)
        self._brokers.learn(KEPT, address, so=wanted_s > 0)

    def _acknowledged(self, acks: list[Ack]) -> None:
        self._search.saw(acks)
        self._session.acknowledged(acks)

    def _login(self, address: Address) -> Login:
        config, identity = self._config, self._identity
        return Login(
            client_id=outlook.client_id_of(config, identity),
            username=config.username,
            password=config.password.get_secret_value() if config.password else None,
            will=(self._topics.of("status", ""), last_will(identity.gateway, config.format, uuid4().hex)),
            retain=not self._brokers.knows(NO_RETAIN, address),
            aliases=config.topic_aliases and not self._brokers.knows(NO_ALIASES, address),
            is_v5=self._v5,
            clean=config.session_expiry == 0,
            session_expiry_s=config.session_expiry,
            keepalive_s=config.keepalive,
            ack_timeout_s=config.ack_timeout,
        )

    def _send(self, topic: str, payload: bytes, retain: bool) -> int | None:
        return self._connection.send(topic, payload, retain=retain, content_type=self._content_type(payload))

    def _content_type(self, payload: bytes) -> str | None:
        return content_type_of(payload) if self._marks and payload else None

    def _why_no_reply(self, to: str, size: int) -> str | None:
        if not self._v5 or not self._topics.may_reply_to(to):
            return "response topic refused"
        return "reply too large for the broker" if size > self._max_bytes else None
