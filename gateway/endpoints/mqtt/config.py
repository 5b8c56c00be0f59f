"""The MQTT endpoint's part of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError
from typing_extensions import override

from gateway.adapter import Period, StrictModel
from gateway.endpoints.mqtt.templates import DEFAULTS, collision, fault_of, filled, kind_of
from gateway.endpoints.reach import Address, ReachConfig
from gateway.endpoints.reach.address import address_of
from gateway.endpoints.values import spelt, within
from gateway.units import Duration, Size

MIN_KEEPALIVE_S = 1
"""Zero would switch it off (MQTT 5, 3.1.2.10): a dead connection must show."""

MAX_KEEPALIVE_S = 65_535
"""Two bytes of seconds (MQTT 5, 3.1.2.10; MQTT 3.1.1, 3.1.2.10)."""

MAX_SESSION_EXPIRY_S = 4_294_967_294
"""Four bytes of seconds; all ones would mean for ever (MQTT 5, 3.1.2.11.2)."""

ROOT = (
    r"^(?!\$(share|SYS)(/|$))"
    r"([^/+#{}\x00-\x1f\x7f]|[^/+#{}\x00-\x1f\x7f][^+#{}\x00-\x1f\x7f]{0,254}[^/+#{}\x00-\x1f\x7f])$"
)
"""A topic without wildcards, and no slash at either end; in braces stand the places of a template. Brokers allow
topics of some hundred bytes, and none below $SYS; $share is for subscriptions (MQTT 5, 4.7.2 and 4.8.2)."""

REPLY_PREFIX = r"^[^+#\x00]*[^/+#\x00]/?$"
"""The beginning of a topic, without wildcards."""

MAX_BATCH_MESSAGES = 1000
"""So that several batches are within what an endpoint may have in flight (outgoing.WINDOW_MESSAGES)."""

MIN_BATCH_BYTES, MAX_BATCH_BYTES = 1024, 1024**2
"""Less holds hardly two envelopes; with more, a full window would take more memory than a small box has."""

MAX_BATCH_AGE_S = 3600
"""What waits is in memory; and whoever waits longer is better served by a longer `every`."""


MAX_BROKERS = 8
"""Tried in turn: each may take two `connect_timeout` to say nothing."""


MAX_TEXT_BYTES = 65_535
"""Of a text or binary value in a CONNECT, whose length has two bytes (MQTT 5, 1.5.4 and 1.5.6)."""


def _text(text: str) -> str:
    """What a broker takes as a text (MQTT 5, 1.5.4)."""
    if not text.isprintable() or len(text.encode()) > MAX_TEXT_BYTES:
        raise PydanticCustomError("mqtt_text", "must have printable characters only, and at most 65535 bytes")
    return text


Text = Annotated[str, AfterValidator(_text)]


def _url(text: str) -> str:
    """`mqtt://host[:port]`, `mqtts://`, `ws://host[:port][/path]` or `wss://`."""
    address_of(text)
    return text


def _different(urls: list[str]) -> list[str]:
    if len({str(address_of(url)) for url in urls}) < len(urls):
        raise ValueError("the same broker stands here twice")
    return urls


Root = Annotated[
    str,
    spelt(
        ROOT,
        "topic_template",
        "must be the beginning of a topic without + # { }, without / at its ends, and not $SYS or $share",
    ),
    WithJsonSchema({"type": "string", "pattern": ROOT}),
]

ReplyPrefix = Annotated[
    str,
    spelt(REPLY_PREFIX, "topic_template", "must be the beginning of a topic, without + and #, such as plant/results"),
    WithJsonSchema({"type": "string", "pattern": REPLY_PREFIX}),
]

Url = Annotated[str, AfterValidator(_url)]


def _topic(template: str | None, info: ValidationInfo) -> str | None:
    fault = None if template is None else fault_of(str(info.field_name), template)
    if fault is not None:
        raise PydanticCustomError("topic_template", "{fault}", {"fault": fault})
    return template


Template = Annotated[str | None, AfterValidator(_topic)]


class TopicsConfig(StrictModel):
    """Where each kind of message goes; {root}, {gateway}, {endpoint}, {device} and {kind} stand for their names."""

    reading: Template = Field(None, description="{root}/{gateway}/{device}/{kind} unless given, as for all of a device")
    status: Template = None
    birth: Template = None
    result: Template = None
    command: Template = Field(None, description="subscribed to with + in place of {device}")
    gateway_status: Template = Field(None, description="also the will's; {root}/{gateway}/{kind} unless given, ...")
    gateway_birth: Template = None
    gateway_result: Template = None
    gateway_command: Template = None
    gap: Template = None
    batch: Template = None

    @property
    def templates(self) -> dict[str, str]:
        """Of all kinds."""
        return {**DEFAULTS, **{name: template for name, template in self if template is not None}}


def _batch_bytes(size: int) -> int:
    if not MIN_BATCH_BYTES <= size <= MAX_BATCH_BYTES:
        raise PydanticCustomError("size_bounds", "must be from 1KiB to 1MiB")
    return size


class BatchConfig(StrictModel):
    """Readings that travel together, as one JSON array on the batch topic; all else goes by itself.

    A batch leaves when it is full or its first reading has waited for `max_age`. A reading that is larger than
    `max_bytes` goes in an array of its own, as far as the broker takes it.
    """

    max_messages: Annotated[int, Field(ge=1, le=MAX_BATCH_MESSAGES)] = Field(
        1, description="readings in one message at most; 1: each by itself on its own topic"
    )
    max_bytes: Annotated[Size, AfterValidator(_batch_bytes)] = Field(
        128 * 1024, description="of one array; less if the broker takes less"
    )
    max_age: Annotated[Period, within(0.001, MAX_BATCH_AGE_S)] = Field(
        1.0, description="how long a reading waits for others; from half of commit_interval on, it is on disk by then"
    )


class MqttConfig(ReachConfig):
    """A broker and how to speak to it.

    A link that died without a word shows within 1.25 `keepalive` when it was idle, and while there is something to
    publish within 1.25 `ack_timeout` or, if that is shorter, `tcp_user_timeout`.
    """

    type: Literal["mqtt"]
    url: Url | Annotated[list[Url], Field(min_length=1, max_length=MAX_BROKERS), AfterValidator(_different)] = Field(
        examples=["mqtts://broker.example:8883"], description="a broker, or several that are tried in turn"
    )
    username: Text | None = None
    password: SecretStr | None = Field(None, description="write ${secret:NAME}")
    client_id: Text | None = Field(None, description="fieldgate-GATEWAY-ENDPOINT unless given")
    session_expiry: Annotated[Duration, within(0, MAX_SESSION_EXPIRY_S)] = Field(
        0.0, description="how long the broker keeps commands while we are away"
    )
    protocol: Literal[5, "3.1.1"] = 5
    root: Root = "fieldgate"
    reply_prefix: ReplyPrefix | None = Field(
        None, description="response topics are honoured below the root and below this"
    )
    topics: TopicsConfig = TopicsConfig()
    topic_aliases: bool = Field(True, description="numbers in place of topics, as far as the broker allows (MQTT 5)")
    batch: BatchConfig = BatchConfig()
    keepalive: Annotated[Duration, within(MIN_KEEPALIVE_S, MAX_KEEPALIVE_S)] = Field(
        30.0, description="a broker that is silent for so long, though it was asked after half of it, is gone"
    )
    ack_timeout: Period = Field(15.0, description="a publish that waits longer ends the connection")
    window: Annotated[int, Field(ge=1, le=65535)] = Field(
        100, description="unacknowledged publishes at most; a batch is one"
    )

    @field_validator("password")
    @classmethod
    def _has_its_user(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if password is not None and info.data.get("username", ...) is None:
            raise PydanticCustomError("password_alone", "a password needs its username")
        if password is not None and len(password.get_secret_value().encode()) > MAX_TEXT_BYTES:
            raise PydanticCustomError("mqtt_text", "must have at most 65535 bytes")
        return password

    @field_validator("topics")
    @classmethod
    def _topics_do_not_meet(cls, topics: TopicsConfig, info: ValidationInfo) -> TopicsConfig:
        found = collision(info.data["root"], topics.templates) if "root" in info.data else None
        if found is not None:
            one, other, why = found
            names = {"one": one, "other": other, "why": why}
            raise PydanticCustomError("topic_collision", "topics.{one} and topics.{other} are one topic: {why}", names)
        return topics

    @property
    @override
    def keeps_commands(self) -> bool:
        """The broker keeps our session, and what comes for us meanwhile."""
        return self.session_expiry > 0

    @property
    @override
    def exclusives(self) -> tuple[str, ...]:
        """A broker ends the older of two connections of one client, and keeps one state on a topic."""
        claims = [f"the topic {topic}" for topic in self._own_topics]
        if self.client_id:
            claims.append(f"client_id {self.client_id}")
        return tuple(f"{claim} at {address}" for claim in claims for address in self.addresses)

    @property
    def _own_topics(self) -> list[str]:
        """Where two endpoints would overwrite each other's state, or both carry out each command."""
        names = ["gateway_status", *(["command"] if self.commands else [])]
        filling = {"root": self.root, "device": "+"}
        topics = [filled(self.topics.templates[name], {**filling, "kind": kind_of(name)}) for name in names]
        return [topic for topic in topics if "{endpoint}" not in topic]

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to connect, in the order of trying."""
        urls = [self.url] if isinstance(self.url, str) else self.url
        return tuple(address_of(url) for url in urls)
