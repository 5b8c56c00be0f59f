"""Numbers in place of topics: whoever follows the protocol always knows which topic is meant."""

from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.endpoints.mqtt import aliases as module
from gateway.endpoints.mqtt.aliases import Aliases
from gateway.endpoints.mqtt.connection import UTF8
from tests.endpoints.test_short_ways import client

MARK = UTF8 + b"\x03\x00\x04text"


class Decoder:
    """A broker's side of it, by paho's own reading of properties (MQTT 5, 3.3.2.3.4)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.topics: dict[int, str] = {}

    def read(self, packet: bytes) -> tuple[str, bytes, Any]:
        """Topic, payload and properties of one PUBLISH at QoS 1."""
        at = 1
        while packet[at] & 0x80:
            at += 1
        body = packet[at + 1 :]
        end = 2 + int.from_bytes(body[:2], "big")
        topic, rest = body[2:end].decode(), body[end + 2 :]
        properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own gap
        _, size = properties.unpack(rest)
        number = getattr(properties, "TopicAlias", None)
        if number is not None:
            assert 1 <= number <= self.most
            if topic:
                self.topics[number] = topic
            topic = self.topics[number]
        assert topic, "neither a topic nor a number"
        return topic, rest[size:], properties


@given(
    most=st.integers(0, 6),
    steps=st.lists(st.one_of(st.sampled_from("abcdefghü"), st.just(None)), max_size=80),
    marked=st.booleans(),
)
def test_the_topic_can_always_be_restored_also_after_refusals(most: int, steps: list[str | None], marked: bool) -> None:
    ours, socket, _ = client(paho.MQTTv5)
    ours.aliases = Aliases(most)
    broker = Decoder(most)
    for step in steps:
        if step is None:  # a publish is refused, and the broker may have learned nothing from any since the last one
            broker.topics.clear()
            ours.aliases.doubt()
            continue
        socket.sent.clear()
        ours.send(f"root/{step}/reading", step.encode(), retain=False, properties=MARK if marked else b"")
        topic, payload, properties = broker.read(bytes(socket.sent))
        assert (topic, payload) == (f"root/{step}/reading", step.encode())
        assert getattr(properties, "ContentType", None) == ("text" if marked else None)


def test_what_is_said_once_takes_no_number_and_a_second_time_it_does() -> None:
    aliases = Aliases(1)
    births = [aliases.named(f"root/{number}/birth") for number in range(100)]
    assert all(alias == b"" for _, alias in births)
    assert aliases.named("root/1/birth")[1] == b"\x23\x00\x01"
    assert aliases.named("root/1/birth") == (b"\0\0", b"\x23\x00\x01")
    assert aliases.named("root/2/birth")[1] == b"", "there is only one number"
    assert aliases.named("root/1/birth")[0] == b"\0\0", "and whoever has it keeps it"


def test_topics_that_come_once_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEEN_LIMIT", 10)
    aliases = Aliases(10)
    for number in range(1000):
        aliases.named(f"root/{number}/result")
    assert len(aliases._seen) == 10
    assert not aliases._numbers


def test_the_bytes_of_a_topic_are_saved() -> None:
    ours, socket, _ = client(paho.MQTTv5)
    ours.aliases = Aliases(10)
    sizes = []
    for _ in range(3):
        socket.sent.clear()
        ours.send("fieldgate/mill-3/boiler/reading", bytes(300), retain=False)
        sizes.append(len(socket.sent))
    assert sizes == [sizes[0], sizes[0] + 3, sizes[0] - len("fieldgate/mill-3/boiler/reading") + 3]


def test_no_more_numbers_are_used_than_is_good() -> None:
    aliases, topics = Aliases(65_535), [str(number) for number in range(module.MAX_ALIASES + 10)]
    for topic in (*topics, *topics):
        aliases.named(topic)
    assert len(aliases._numbers) == module.MAX_ALIASES
