"""Messages to a device, direct methods and the twin of the test hub."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.authority import Authority
from tests.support.iothub import Answered, IotHub, MethodFailed, QueueFull
from tests.support.iothub.packets import Publish, published
from tests.support.iothub.peer import Peer, joined, subscription

DEVICEBOUND = "devices/box/messages/devicebound/#"
METHODS = "$iothub/methods/POST/#"
TWIN, DESIRED = "$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#"
GET, REPORT = "$iothub/twin/GET/?$rid=", "$iothub/twin/PATCH/properties/reported/?$rid="


def test_only_the_four_filters_may_be_subscribed_to(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        assert peer.subscribe(DEVICEBOUND, METHODS, TWIN, DESIRED, qos=2) == bytes([1, 1, 1, 1])
    for name in ("#", "devices/other/messages/devicebound/#", "devices/box/messages/devicebound/a/#", "$iothub/#"):
        with joined(hub, "box") as peer:
            assert peer.subscribe(name) is None
    assert len(hub.violations) == 4


def test_a_message_comes_with_encoded_names_and_is_done_when_acknowledged(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        assert peer.subscribe(DEVICEBOUND) == b"\1"
        hub.send("box", {"a": 1}, {"b c": "d&e", "bare": None, "empty": ""}, message_id="m-1")
        message = peer.take()
        assert message.topic == (
            "devices/box/messages/devicebound/%24.to=%2Fdevices%2Fbox%2Fmessages%2FdeviceBound&%24.mid=m-1"
            "&iothub-ack=full&b%20c=d%26e&bare&empty="
        )
        assert json.loads(message.payload) == {"a": 1}
        assert hub.feedback("box") == []
        peer.acknowledge(message)
        hub.wait_until(lambda: hub.feedback("box") == [("m-1", "Success")])


def test_what_waits_comes_after_the_connack_of_a_session_that_is_kept(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(DEVICEBOUND)
    hub.wait_until(lambda: not hub.is_online("box"))
    hub.send("box", b"waited")
    with joined(hub, "box") as peer:
        assert peer.take().payload == b"waited"


def test_a_clean_session_gets_nothing_until_it_subscribes(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(DEVICEBOUND)
    hub.wait_until(lambda: not hub.is_online("box"))
    hub.send("box", b"waited")
    with joined(hub, "box", clean=True) as peer:
        assert peer.send("devices/box/messages/events/")
        peer.subscribe(DEVICEBOUND)
        assert peer.take().payload == b"waited"


def test_what_is_not_acknowledged_comes_again_when_its_lock_ends_ten_times(authority: Authority) -> None:
    with IotHub(authority, lock_s=0.01) as hub:
        hub.add_device("box")
        with joined(hub, "box") as peer:
            peer.subscribe(DEVICEBOUND)
            hub.send("box", b"x", message_id="m")
            assert [peer.take().payload for _ in range(10)] == [b"x"] * 10
            hub.wait_until(lambda: bool(hub.feedback("box")))
        assert hub.feedback("box") == [("m", "DeliveryCountExceeded")]


def test_fifty_messages_wait_and_expired_ones_are_not_given(hub: IotHub) -> None:
    for _ in range(50):
        hub.send("box", b"x", life_s=0.0)
    with pytest.raises(QueueFull):
        hub.send("box", b"x")
    with joined(hub, "box") as peer:
        peer.subscribe(DEVICEBOUND)
        hub.wait_until(lambda: len(hub.feedback("box")) == 50)
    assert {feedback.outcome for feedback in hub.feedback("box")} == {"Expired"}
    with pytest.raises(ValueError, match="at most"):
        hub.send("box", bytes(64 * 1024 + 1))


def test_acknowledgements_out_of_order_and_of_nothing_are_violations(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(DEVICEBOUND)
        hub.send("box", b"1")
        hub.send("box", b"2")
        peer.take()
        peer.acknowledge(peer.take())
        assert peer.is_closed()
    with joined(hub, "box") as peer:
        peer.acknowledge(Publish("", b"", 1, packet_id=77))
        assert peer.is_closed()
    assert len(hub.violations) == 2


def test_a_subscription_at_qos_0_is_done_when_sent(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        assert peer.subscribe(DEVICEBOUND, qos=0) == b"\0"
        hub.send("box", b"1", message_id="m")
        assert peer.take().qos == 0
    assert hub.feedback("box") == [("m", "Success")]


def called(
    hub: IotHub, peer: Peer, answer: Callable[[str, Publish], None], payload: Any = None, timeout_s: float = 5.0
) -> list[Any]:
    """What the caller of a method gets; `answer` is given the request's id."""
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append(hub.call("box", "reboot", payload, timeout_s))
        except MethodFailed as failed:
            outcome.append(failed.code)

    caller = threading.Thread(target=call)
    caller.start()
    request = peer.take()
    answer(request.topic.removeprefix("$iothub/methods/POST/reboot/?$rid="), request)
    caller.join()
    return outcome


def test_a_method_is_answered_by_its_hexadecimal_id(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(METHODS)
        ids = list[str]()

        def answer(request_id: str, request: Publish) -> None:
            ids.append(request_id)
            assert (request.qos, json.loads(request.payload)) == (0, {"in": 5})
            peer.publish(f"$iothub/methods/res/202/?$rid={request_id}", b'{"ok":true}', 0)

        for _ in range(3):
            assert called(hub, peer, answer, {"in": 5}) == [Answered(202, {"ok": True})]
    assert ids == ["9", "a", "b"]


def test_nobody_answers_for_who_is_offline_or_does_not_listen(hub: IotHub) -> None:
    with pytest.raises(MethodFailed, match="404103"):
        hub.call("box", "reboot")
    with joined(hub, "box"), pytest.raises(MethodFailed, match="404103"):
        hub.call("box", "reboot")


def test_an_answer_in_vain_is_noted(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(METHODS)
        request_ids = list[str]()
        assert called(hub, peer, lambda request_id, _: request_ids.append(request_id), None, 0.05) == [504101]
        assert peer.send(f"$iothub/methods/res/200/?$rid={request_ids[0]}")
    assert len(hub.late_answers) == 1
    assert hub.violations == []


def test_a_device_that_goes_fails_its_methods(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(METHODS)
        assert called(hub, peer, lambda *_: peer.close()) == [404103]


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("$iothub/methods/res/200/?$rid=9", b"{", "no JSON"),
        ("$iothub/methods/res/200/?$rid=9", b"NaN", "no JSON"),
        ("$iothub/methods/res/200/?$rid=9", b'"' + b"x" * 128 * 1024 + b'"', "more than"),
        ("$iothub/methods/res/200/?$rid=09", b"", "nobody waits"),
        ("$iothub/methods/res/ok/?$rid=9", b"", "STATUS"),
        ("$iothub/methods/res/200/", b"", "STATUS"),
    ],
)
def test_a_wrong_answer_ends_the_connection(hub: IotHub, topic: str, payload: bytes, why: str) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(METHODS)

        def answer(_request_id: str, _request: Publish) -> None:
            peer.publish(topic, payload, 0)

        called(hub, peer, answer)
        assert peer.is_closed()
    assert why in hub.violations[0]


def asked(peer: Peer, topic: str, payload: bytes = b"") -> tuple[str, bytes]:
    """The answer's topic and body."""
    peer.publish(topic, payload, 0)
    answer = peer.take()
    return answer.topic, answer.payload


def test_the_twin_is_got_reported_and_desired_by_version(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(TWIN, DESIRED, qos=0)
        topic, body = asked(peer, GET + "1")
        assert topic == "$iothub/twin/res/200/?$rid=1"
        assert json.loads(body) == {"desired": {"$version": 1}, "reported": {"$version": 1}}
        assert asked(peer, REPORT + "2", b'{"a":{"b":1,"c":2}}') == ("$iothub/twin/res/204/?$rid=2&$version=2", b"")
        asked(peer, REPORT + "3", b'{"a":{"b":null}}')
        assert hub.reported("box") == {"a": {"c": 2}}
        assert hub.desire("box", {"x": 1}) == 2
        notice = peer.take()
        assert notice.topic == "$iothub/twin/PATCH/properties/desired/?$version=2"
        assert json.loads(notice.payload) == {"x": 1, "$version": 2}
        assert json.loads(asked(peer, GET + "4")[1])["desired"] == {"x": 1, "$version": 2}
    assert hub.twin_requests == ["GET", '{"a":{"b":1,"c":2}}', '{"a":{"b":null}}', "GET"]


def test_what_is_desired_is_not_kept_for_who_is_offline(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(DESIRED, TWIN)
    hub.wait_until(lambda: not hub.is_online("box"))
    hub.desire("box", {"x": 1})
    with joined(hub, "box") as peer:
        assert asked(peer, GET + "1")[0].endswith("$rid=1")


def test_the_twin_may_be_throttled(hub: IotHub) -> None:
    hub.faults.twin_statuses = [429, 500]
    with joined(hub, "box") as peer:
        peer.subscribe(TWIN)
        assert asked(peer, GET + "1")[0] == "$iothub/twin/res/429/?$rid=1"
        assert asked(peer, REPORT + "2", b"{}")[0] == "$iothub/twin/res/500/?$rid=2"
        assert asked(peer, GET + "3")[0] == "$iothub/twin/res/200/?$rid=3"
    assert hub.violations == []


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    "patch",
    [
        b"",
        b"[]",
        b'{"a":NaN}',
        b'{"a b":1}',
        b'{"a.b":1}',
        b'{"$a":1}',
        b'{"a":9007199254740993}',
        json.dumps({"a": "x" * 4097}).encode(),
        json.dumps({"k" * 1025: 1}).encode(),
        json.dumps({f"k{n}": "x" * 4000 for n in range(9)}).encode(),
        json.dumps(nested(11)).encode(),
    ],
)
def test_what_a_twin_cannot_hold_is_400_and_a_violation(hub: IotHub, patch: bytes) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(TWIN)
        assert asked(peer, REPORT + "1", patch)[0] == "$iothub/twin/res/400/?$rid=1"
    assert len(hub.violations) == 1
    assert hub.reported("box") == {}


def test_the_twin_is_not_asked_before_its_answers_can_be_heard(hub: IotHub) -> None:
    with joined(hub, "box") as peer:
        peer.say(subscription(TWIN) + published(Publish(GET + "1", b"")))
        assert peer.is_closed()
    assert hub.violations == ["box asks for its twin before the SUBACK for the answers"]


@pytest.mark.parametrize(("topic", "payload"), [(GET, b""), (GET + "a b", b""), (GET + "1", b"body"), (REPORT, b"{}")])
def test_a_malformed_request_of_the_twin_ends_the_connection(hub: IotHub, topic: str, payload: bytes) -> None:
    with joined(hub, "box") as peer:
        peer.subscribe(TWIN)
        assert not peer.send(topic, payload)
    assert len(hub.violations) == 1
