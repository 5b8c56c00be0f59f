"""What the test hub takes of a device's messages, and what ends the connection."""

import pytest

from tests.support.iothub import IotHub, bag
from tests.support.iothub.peer import joined

EVENTS = "devices/box/messages/events/"


def test_a_message_is_stored_with_its_properties_decoded(hub: IotHub) -> None:
    topic = (
        EVENTS + "%24.mid=1-2&$.ct=application%2Fjson&$.ce=utf-8&a%20b=c%26d&bare&empty="
        "&iothub-creation-time-utc=2021-04-21T11%3A30%3A16Z"
    )
    with joined(hub, "box") as peer:
        assert peer.send(topic, b"{}")
    message = hub.wait_for(lambda _: True)
    assert message.device == "box"
    assert message.body == b"{}"
    assert message.system == {"message-id": "1-2", "content-type": "application/json", "content-encoding": "utf-8"}
    assert message.properties == {
        "a b": "c&d",
        "bare": None,
        "empty": "",
        "iothub-creation-time-utc": "2021-04-21T11:30:16Z",
    }
    assert hub.violations == []


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ("a=b c", "unencoded"),
        ("a=b:c", "unencoded"),
        ("a=b/c", "unencoded"),
        ("a=%zz", "unencoded"),
        ("a=%ff", "not UTF-8"),
        ("a=1&a=2", "twice"),
        ("$.mid=1&%24.mid=2", "twice"),
        ("$.mid=%20", "message id"),
        ("$.mid=" + "x" * 129, "message id"),
        ("$.ce=latin1", "content encoding"),
        ("$.exp=tomorrow", "ISO 8601"),
        ("$.on=output", "has not"),
        ("$.ct=", "without a value"),
        ("a=1&&b=2", "without a name"),
        ("?a=1", "unencoded"),
        ("%3Fa=1", "question mark"),
        ("iothub-connection-device-id=me", "only the hub"),
        ("iothub-creation-time-utc=2021-04-21T11%3A30%3A16%2B02%3A00", "not UTC"),
    ],
)
def test_a_property_that_is_not_right_ends_the_connection(hub: IotHub, properties: str, why: str) -> None:
    with joined(hub, "box") as peer:
        assert not peer.send(EVENTS + properties)
    assert len(hub.violations) == 1
    assert why in hub.violations[0]
    assert hub.telemetry == []


@pytest.mark.parametrize(
    "topic",
    ["devices/other/messages/events/", "devices/box/messages/events", "fieldgate/box/status", "a+b", "a/#", ""],
)
def test_a_topic_that_is_not_the_devices_own_ends_the_connection(hub: IotHub, topic: str) -> None:
    with joined(hub, "box") as peer:
        assert not peer.send(topic)
    assert len(hub.violations) == 1


def test_qos_2_ends_the_connection(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        assert not peer.send(EVENTS, b"", 2)
    assert hub.violations == ["box publishes at QoS 2"]


def test_retain_becomes_a_property_and_dup_is_noted(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.publish(EVENTS, b"x", retain=True, dup=True)
        message = hub.wait_for(lambda _: True)
    assert message.properties == {"mqtt-retain": "true"}
    assert message.dup


def test_the_size_counts_body_and_properties(hub: IotHub) -> None:
    body = bytes(bag.MAX_MESSAGE_BYTES - 5)
    with joined(hub, "box") as peer:
        assert peer.send(EVENTS + "$.mid=12&a=bc", body)
        assert hub.wait_for(lambda _: True).size == bag.MAX_MESSAGE_BYTES
        assert not peer.send(EVENTS + "$.mid=12&a=bcd", body)
    assert hub.violations == [f"box sends a message of {bag.MAX_MESSAGE_BYTES + 1} bytes, more than 262144"]


def test_a_puback_may_come_late(hub: IotHub) -> None:
    hub.faults.puback_delay_s = 0.05
    with joined(hub, "box") as peer:
        peer.publish(EVENTS, b"1")
        assert hub.wait_for(lambda _: True).body == b"1"
        answer = peer.read()
        assert answer is not None
        assert answer.body == b"\0\1"


def test_a_throttled_device_is_cut_after_so_many_on_each_connection(hub: IotHub) -> None:
    hub.faults.throttled_after = 2
    for _ in range(2):
        with joined(hub, "box") as peer:
            assert [peer.send(EVENTS), peer.send(EVENTS), peer.send(EVENTS)] == [True, True, False]
    assert len(hub.telemetry) == 4
    assert hub.violations == []


def test_a_spent_quota_lets_connect_and_then_cuts(hub: IotHub) -> None:
    hub.faults.quota_spent = True
    with joined(hub, "box") as peer:
        assert not peer.send(EVENTS)
    with joined(hub, "box") as peer:
        assert peer.is_closed()
    hub.faults.quota_spent = False
    with joined(hub, "box") as peer:
        assert peer.send(EVENTS)
    assert hub.ends[:2] == [("box", "quota")] * 2


@pytest.mark.parametrize("stored", [False, True])
def test_a_cut_takes_a_message_with_it_or_keeps_it(hub: IotHub, stored: bool) -> None:
    hub.faults.cut_after, hub.faults.cut_after_storing = 1, stored
    with joined(hub, "box") as peer:
        assert peer.send(EVENTS, b"1")
        assert not peer.send(EVENTS, b"2")
    with joined(hub, "box") as peer:
        assert peer.send(EVENTS, b"2")
    assert [message.body for message in hub.telemetry] == [b"1", *[b"2"] * (1 + stored)]


def test_a_poison_message_ends_each_connection_it_comes_on(hub: IotHub) -> None:
    hub.faults.poison = lambda body: b"poison" in body
    for _ in range(2):
        with joined(hub, "box") as peer:
            assert peer.send(EVENTS, b"good")
            assert not peer.send(EVENTS, b"poison")
    assert hub.ends == [("box", "poison")] * 2


def test_a_hanging_hub_answers_nothing_and_a_cut_one_closes(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        hub.faults.hang = True
        peer.publish(EVENTS, b"lost")
        peer._socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            peer.read()
        hub.cut("box")
        assert peer.is_closed()
    assert hub.telemetry == []


def test_many_messages_can_be_awaited(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        for number in range(20):
            peer.publish(EVENTS + "&".join(f"k{n}={n}" for n in range(3)), b"%d" % number)
        found = hub.wait_for_many(lambda message: int(message.body) % 2 == 0, 10)
    assert [int(message.body) for message in found] == list(range(0, 20, 2))
    with pytest.raises(AssertionError, match="not within"):
        hub.wait_for(lambda _: False, 0.01)
